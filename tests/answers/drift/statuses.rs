//! A status that the mirror does not know: the call may change at any time, until it is known better.

use crate::support::account::{Account, passing};
use crate::support::hands::Hands;
use chrono::TimeDelta;
use revox_mirror::simulator::{Flavour, Mix, NewerApi, OlderApi, Options};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_an_unknown_status_is_read_again_at_growing_intervals_until_its_status_is_known() {
    for flavour in [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())] {
        let hands = Hands::at("2026-03-02T09:00:00Z");
        let options = Options {
            campaigns: 1,
            rows: 60,
            turns: 1,
            flavour,
            mix: Mix::DialledInOrder,
            clock: Some(hands.clock()),
            ..Options::default()
        };
        let mut account = Account::new(options).await;
        account.mirror.clock = hands.clock();
        account.mirror.settings.walk_pages_at_most = 0;
        account.mirror.settings.page_size = 10;
        account.mirror.settings.full_walk_every = std::time::Duration::from_hours(24 * 60);
        account.simulator.edit(|account| while account.advance_calls(0, usize::MAX).unwrap() > 0 {});
        account.complete_pass(&passing()).await;
        hands.advance(TimeDelta::days(3));
        account.complete_pass(&passing()).await;
        let unsettled = "select count(*) from revox_sync.row_states where unsettled_since is not null";
        assert_eq!(account.count(unsettled).await, 0);

        // A call is made, and falls asleep.
        let place = 60;
        account
            .simulator
            .edit(|account| {
                account.append_rows(0, 1)?;
                (0..2).try_for_each(|_| account.advance_call(0, place))?;
                account.advance_call(0, place)?;
                account.set_unknown_status(0, place, "hibernating")
            })
            .unwrap();
        hands.advance(TimeDelta::minutes(1));
        account.complete_pass(&passing()).await;
        account.complete_pass(&passing()).await;
        assert_eq!(account.count("select count(*) from revox.calls where status = 'hibernating'").await, 1);
        assert_eq!(account.count(unsettled).await, 1, "{flavour:?}");
        assert_eq!(account.count("select calls_open from revox.sync_freshness").await, 1, "it is open");
        assert_eq!(
            account.count("select count(*) from revox_sync.drift where path = 'call.status'").await,
            1
        );

        // For a day and more nothing tells of it.
        let mut reads: Vec<i64> = Vec::new();
        for step in 1..=60 {
            hands.advance(TimeDelta::minutes(30));
            account.simulator.reset_requests();
            account.complete_pass(&passing()).await;
            if account.simulator.requests().total > 1 {
                reads.push(step * 30);
            }
        }
        let pauses: Vec<i64> = reads.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(
            reads.iter().filter(|at| **at < 120).count(),
            3,
            "{flavour:?}: at first in every pass: {reads:?}"
        );
        assert!((8..=20).contains(&reads.len()), "{flavour:?}: then now and again: {reads:?}");
        assert!(pauses.is_sorted(), "{flavour:?}: the pauses grow: {pauses:?}");
        assert!(
            pauses.last().is_some_and(|pause| (4 * 60..=6 * 60 + 30).contains(pause)),
            "{flavour:?}: {pauses:?}"
        );

        // It moves on without the campaign telling of it, and is found by that.
        account.simulator.edit(|account| account.quietly(|account| account.advance_call(0, place))).unwrap();
        hands.advance(TimeDelta::hours(7));
        account.complete_pass(&passing()).await;
        assert_eq!(
            account.count("select count(*) from revox.calls where status = 'hibernating'").await,
            0,
            "{flavour:?}"
        );
        hands.advance(TimeDelta::days(3));
        account.complete_pass(&passing()).await;
        assert_eq!(account.count(unsettled).await, 0, "{flavour:?}: it is settled once its status is known");
        let verified = account.verify().await;
        assert!(verified.is_equal(), "{verified:#?}");
    }
}
