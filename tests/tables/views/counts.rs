//! The views that count: that they agree with the API's own counts and with what it shows.

use crate::support::shown::{self, Attempt, Call, flavours, lived_in};
use std::collections::{BTreeMap, BTreeSet};

fn count<T>(items: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(items.into_iter().count()).unwrap()
}

/// `part / whole` as the views round it.
fn rate(part: i64, whole: i64) -> Option<String> {
    (whole > 0).then(|| {
        let scaled = (20_000 * part + whole) / (2 * whole);
        format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_funnel_agrees_with_the_apis_own_counts_and_with_its_rows() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let shown = shown::account(&account.simulator);
        for campaign in &shown {
            type Counts = [i64; 9];
            let (counts, rates): (Vec<i64>, Vec<Option<String>>) = sqlx::query_as(
                "select array[rows, called, answered, answered_by_human, voicemail, completed, failed, cancelled, open],
                        array[called_rate::text, answer_rate::text, human_rate::text, completion_rate::text]
                 from revox.campaign_funnel where campaign_id = $1",
            )
            .bind(&campaign.id)
            .fetch_one(&account.pool)
            .await
            .unwrap();
            let counts: Counts = counts.try_into().unwrap();
            let [rows, called, answered, by_human, _, completed, failed, cancelled, open] = counts;

            #[expect(clippy::cast_possible_truncation, reason = "counts are small")]
            let stats = |name: &str| campaign.row_stats.get(name).map_or(0, |count| *count as i64);
            assert_eq!(rows, stats("total"), "{flavour:?} {}", campaign.name);
            assert_eq!(completed, stats("completed"));
            assert_eq!(failed + cancelled, stats("failed") + stats("skipped"));
            let others = ["pending", "calling", "retry", "not_launched"];
            assert_eq!(open, others.into_iter().map(stats).sum::<i64>());
            if flavour.is_newer() {
                assert_eq!((failed, cancelled), (stats("failed"), stats("skipped")));
            }

            let of_rows = |matches: &dyn Fn(&Call) -> bool| {
                count(campaign.rows.iter().filter(|row| row.call.as_ref().is_some_and(matches)))
            };
            let expected: Counts = [
                count(&campaign.rows),
                of_rows(&|call| !call.attempts.is_empty()),
                of_rows(&Call::is_answered),
                of_rows(&|call| call.has_result("human")),
                of_rows(&|call| call.has_result("voicemail")),
                of_rows(&|call| call.status == "completed"),
                of_rows(&|call| call.status == "errored"),
                of_rows(&|call| call.status == "cancelled"),
                count(&campaign.rows)
                    - of_rows(&|call| ["completed", "errored", "cancelled"].contains(&call.status.as_str())),
            ];
            assert_eq!(counts, expected, "{flavour:?} {}", campaign.name);
            let expected =
                [rate(called, rows), rate(answered, called), rate(by_human, called), rate(completed, rows)];
            assert_eq!(rates, expected);
        }
        assert_eq!(account.count("select count(*) from revox.campaign_funnel").await, count(&shown));
        let open = account
            .count("select count(*) from revox.call_facts where status = 'hibernating' and not is_final");
        assert_eq!(open.await, 1, "a status that nobody knows is open");
    }
}

/// What a view of attempts counts: attempts, calls, answered, by a human, by a voicemail, seconds of ringing, of talk.
fn counted(attempts: &[(&Call, &Attempt)]) -> [i64; 7] {
    let these = |matches: &dyn Fn(&Attempt) -> bool| count(attempts.iter().filter(|(_, it)| matches(it)));
    [
        count(attempts),
        count(attempts.iter().map(|(call, _)| &call.id).collect::<BTreeSet<_>>()),
        these(&|it| it.answered_at.is_some()),
        these(&|it| it.has_result("human")),
        these(&|it| it.has_result("voicemail")),
        attempts.iter().filter_map(|(_, it)| it.ring_seconds()).sum(),
        attempts.iter().filter_map(|(_, it)| it.talk_seconds()).sum(),
    ]
}

const COUNTS: &str = "array[attempts, calls, answered, answered_by_human, voicemail, ring_seconds::bigint, \
                      talk_seconds::bigint], answer_rate::text, human_rate::text";

/// Lays a view's lines, by key, beside those of the account's attempts.
async fn assert_counts<'a>(
    account: &crate::support::account::Account,
    (view, key): (&str, &str),
    attempts: impl IntoIterator<Item = (String, (&'a Call, &'a Attempt))>,
) {
    let mut expected: BTreeMap<String, Vec<(&Call, &Attempt)>> = BTreeMap::new();
    for (key, attempt) in attempts {
        expected.entry(key).or_default().push(attempt);
    }
    let statement = format!("select {key}, {COUNTS} from revox.{view}");
    let found: Vec<(String, Vec<i64>, String, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).fetch_all(&account.pool).await.unwrap();
    assert!(found.len() > 10, "{view}");
    assert_eq!(found.len(), expected.len(), "{view}");
    for (key, counts, answer_rate, human_rate) in found {
        let wanted = counted(&expected[&key]);
        assert_eq!(counts, wanted, "{view} {key}");
        assert_eq!(Some(answer_rate), rate(wanted[2], wanted[0]), "{view} {key}");
        assert_eq!(Some(human_rate), rate(wanted[3], wanted[0]), "{view} {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_hours_count_the_attempts_that_the_api_shows() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        // A zone in which most evenings of the reports' are the next day's mornings, and no number's own.
        account.mirror.store.as_ref().unwrap().save_reporting_time_zone("Asia/Tokyo").await.unwrap();
        let shown = shown::account(&account.simulator);
        let started = || {
            let attempts = shown::attempts(&shown).into_iter();
            attempts.filter_map(|(campaign, call, it)| Some((campaign, call, it, it.started_at?)))
        };
        let days = started().map(|(campaign, call, it, at)| {
            let day = at.with_timezone(&chrono_tz::Asia::Tokyo).date_naive();
            (format!("{} {day}", campaign.id), (call, it))
        });
        assert_counts(&account, ("daily_activity", "campaign_id || ' ' || day"), days).await;

        // All of the simulator's numbers are French.
        let hours = started().map(|(campaign, call, it, at)| {
            let hour = at.with_timezone(&chrono_tz::Europe::Paris).format("%u %-H");
            (format!("{} {hour} number", campaign.id), (call, it))
        });
        let key = "campaign_id || ' ' || weekday || ' ' || hour || ' ' || time_zone_source";
        assert_counts(&account, ("hourly_answer_rate", key), hours).await;
    }
}

/// An assistant, its counts, its median conversation in seconds, its rate of interested people.
type Score = (String, Vec<i64>, Option<f64>, Option<String>);

#[tokio::test(flavor = "multi_thread")]
async fn the_scorecard_counts_each_assistants_calls_and_conversations() {
    for flavour in flavours() {
        let account = lived_in(flavour).await;
        let shown = shown::account(&account.simulator);
        let found: Vec<Score> = sqlx::query_as(
            "select assistant_id,
                    array[calls, called, answered, answered_by_human, voicemail, completed, failed, cancelled, open,
                          interested, not_interested, callbacks, attempts, conversations, talk_seconds::bigint,
                          ended_by_user, transferred],
                    talk_seconds_median, interested_rate::text
             from revox.assistant_scorecard",
        )
        .fetch_all(&account.pool)
        .await
        .unwrap();
        assert_eq!(found.len(), 4);
        for (assistant, counts, median, interested_rate) in found {
            let is_its = |call: &Call| call.assistant.as_ref().is_some_and(|it| it.id == assistant);
            let calls: Vec<&Call> =
                shown::calls(&shown).into_iter().map(|(_, call)| call).filter(|call| is_its(call)).collect();
            let attempts: Vec<&Attempt> = calls.iter().flat_map(|call| &call.attempts).collect();
            let conversations: Vec<&&Attempt> = attempts.iter().filter(|it| it.has_result("human")).collect();
            let these = |matches: &dyn Fn(&Call) -> bool| count(calls.iter().filter(|call| matches(call)));
            let status = |status: &str| these(&|call| call.status == status);
            let outcome = |outcome: &str| these(&|call| call.outcome.as_deref() == Some(outcome));
            let finals = status("completed") + status("errored") + status("cancelled");
            let expected = [
                count(&calls),
                these(&|call| !call.attempts.is_empty()),
                these(&Call::is_answered),
                these(&|call| call.has_result("human")),
                these(&|call| call.has_result("voicemail")),
                status("completed"),
                status("errored"),
                status("cancelled"),
                count(&calls) - finals,
                outcome("interested"),
                outcome("not_interested"),
                outcome("requested_callback_later"),
                count(&attempts),
                count(&conversations),
                attempts.iter().filter_map(|it| it.talk_seconds()).sum(),
                count(conversations.iter().filter(|it| it.ended_by.as_deref() == Some("user"))),
                count(conversations.iter().filter(|it| it.end_reason.as_deref() == Some("transfer"))),
            ];
            assert_eq!(counts, expected, "{flavour:?}");
            let mut seconds: Vec<i64> = conversations.iter().filter_map(|it| it.talk_seconds()).collect();
            seconds.sort_unstable();
            let middle = seconds[(seconds.len() - 1) / 2] + seconds[seconds.len() / 2];
            #[expect(clippy::cast_precision_loss, reason = "seconds of a call")]
            let middle = middle as f64 / 2.0;
            assert_eq!(median, Some(middle));
            assert_eq!(interested_rate, rate(expected[9], these(&|call| call.outcome.is_some())));
        }
    }
}
