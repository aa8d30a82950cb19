//! Calls of one moment, and calls that move to the front while pages of the search are read.

use super::{last_reason, newer, readings, search, searches};
use crate::support::account::passing;
use revox_mirror::simulator::{NewerApi, SearchTies};

/// Pages of ten calls.
fn tens() -> NewerApi {
    NewerApi { search_max_page_size: 10, ..NewerApi::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_moment_on_both_sides_of_the_watermark_and_of_page_borders_are_all_taken_up() {
    let account = newer(tens(), 1, 60).await;
    for rows in [0..25, 20..45, 0..10, 5..60] {
        account.simulator.edit(|account| account.edit_metadata_at_once(0, rows)).unwrap();
        account.complete_pass(&passing()).await;
        assert_eq!(last_reason(&account, 0).await, "incremental");
        account.assert_equal().await;
    }
    assert_eq!(readings(&account), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_moment_in_another_order_on_every_page_lose_nothing() {
    let account = newer(NewerApi { search_ties: SearchTies::Turning, ..tens() }, 1, 60).await;
    for rows in [0..14, 10..45, 0..60] {
        account.simulator.edit(|account| account.edit_metadata_at_once(0, rows)).unwrap();
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
    }
    let begun = search(&account, "begun_at").await;
    account.complete_pass(&passing()).await;
    account.simulator.edit(|account| account.edit_metadata(0, 3)).unwrap();
    account.complete_pass(&passing()).await;
    account.assert_equal().await;
    assert_eq!(
        last_reason(&account, 0).await,
        "incremental",
        "what is behind the watermark is not in the way"
    );
    assert_eq!(search(&account, "begun_at").await, begun);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_move_to_the_front_while_pages_are_read_lose_nothing() {
    for moves in [1, 2, 7] {
        let account = newer(tens(), 1, 60).await;
        account.simulator.edit(|account| (0..35).for_each(|row| account.edit_metadata(0, row).unwrap()));
        account.simulator.on_search(move |number, _, account| {
            // Before the second page, and before the third: of what was read, of what is not, and of what did not change.
            if number == 2 {
                (30..30 + moves).for_each(|row| account.edit_metadata(0, row).unwrap());
            } else if number == 3 {
                (0..moves).for_each(|row| account.edit_metadata(0, row).unwrap());
                account.edit_metadata(0, 50).unwrap();
            }
        });
        account.complete_pass(&passing()).await;
        assert!(searches(&account) >= 4, "{moves}");
        account.simulator.on_search(|_, _, _| {});
        account.complete_pass(&passing()).await;
        account.assert_equal().await;
        account.complete_pass(&passing()).await;
        account.simulator.reset_requests();
        account.complete_pass(&passing()).await;
        assert_eq!(account.simulator.requests().total, 1, "{moves}: nothing is left to be read");
    }
}
