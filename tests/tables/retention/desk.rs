//! An account whose mirror goes by a clock that a test moves, and what of it is past a time, told from the API's JSON.

use crate::support::account::{Account, full, passing, synced};
use crate::support::hands::Hands;
use chrono::{DateTime, Utc};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};
use revox_mirror::store::{Languages, Store, StoreError};
use revox_mirror::sync::PassOptions;
use revox_mirror::upkeep::{Kept, Retaining, Upkeep, look_after};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Some of the account's attempts ended before, some after.
pub(crate) const CUT: &str = "2026-02-27T00:00:00Z";

/// When a month ago was that day.
pub(crate) const NOW: &str = "2026-03-29T10:00:00Z";

pub(crate) fn flavours() -> [Flavour; 2] {
    [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())]
}

pub(crate) fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}

pub(crate) struct Desk {
    pub(crate) account: Account,
    pub(crate) hands: Hands,
    flavour: Flavour,
}

/// An attempt as the API shows it.
pub(crate) struct Shown {
    pub(crate) at: DateTime<Utc>,
    pub(crate) turns: usize,
    pub(crate) is_recorded: bool,
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

impl Desk {
    pub(crate) async fn new(flavour: Flavour, rows: usize) -> Self {
        let options = Options { campaigns: 2, rows, turns: 4, flavour, ..Options::default() };
        let mut account = Account::new(options).await;
        let hands = Hands::at(NOW);
        account.mirror.clock = hands.clock();
        Self { account, hands, flavour }
    }

    pub(crate) fn store(&self) -> &Store {
        self.account.mirror.store.as_ref().unwrap()
    }

    /// Starts a process with this configuration.
    pub(crate) async fn retaining(&self, kept: Kept) -> Retaining {
        self.begin(kept).await.unwrap()
    }

    async fn begin(&self, kept: Kept) -> Result<Retaining, StoreError> {
        Retaining::begin(self.store(), kept, self.hands.clock()).await
    }

    /// Ends the process that keeps less, and starts it with this configuration.
    pub(crate) async fn retaining_instead(&self, ended: &Retaining, kept: Kept) -> Retaining {
        assert!(matches!(self.begin(kept).await, Err(StoreError::KeptShorter { .. })));
        ended.end(self.store()).await;
        self.retaining(kept).await
    }

    /// What is done after passes.
    pub(crate) async fn look_after(&self, retaining: &Retaining) {
        let search = Languages { default: "simple".to_owned(), campaigns: BTreeMap::new() };
        let upkeep = Upkeep { search: Some(search), retention: Some(retaining.clone()), sparing: false };
        assert!(look_after(self.store(), &upkeep, &CancellationToken::new()).await);
    }

    pub(crate) async fn count(&self, statement: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(&self.account.pool).await.unwrap()
    }

    /// What a pass writes: nothing, when the account stands still.
    pub(crate) async fn assert_writes_nothing(&self, options: &PassOptions) {
        let before = synced(&self.account.pool).await;
        self.hands.advance(chrono::TimeDelta::minutes(5));
        let report = self.account.complete_pass(options).await;
        assert_eq!(synced(&self.account.pool).await, before);
        for campaign in &report.campaigns {
            // Rows of calls that the search has shown are read anew by the next full walk, retention or not.
            let updated = if self.flavour.is_newer() { 0 } else { campaign.rows.updated };
            assert_eq!((campaign.rows.inserted, updated), (0, 0), "{}", campaign.id);
        }
    }

    pub(crate) async fn assert_full_pass_writes_nothing(&self) {
        self.assert_writes_nothing(&full()).await;
        self.assert_writes_nothing(&passing()).await;
    }

    pub(crate) async fn assert_verified(&self) {
        let report = self.account.verify().await;
        let differences: Vec<_> = report.campaigns.iter().flat_map(|it| &it.differences).take(5).collect();
        assert!(report.is_equal(), "{differences:?}");
    }

    /// Every row of the API.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let truth = (0..2).flat_map(|campaign| self.account.simulator.truth(campaign).unwrap());
        truth.map(|row| serde_json::from_str(&row).unwrap()).collect()
    }

    /// The API's attempts, by id.
    pub(crate) fn attempts(&self) -> BTreeMap<String, Shown> {
        let mut shown = BTreeMap::new();
        for row in self.rows() {
            let call = &row["call"];
            for attempt in call["call_attempts"].as_array().into_iter().flatten() {
                let times = [&attempt["ended_at"], &attempt["started_at"], &call["created_at"]];
                let turns = |list: &str| attempt[list].as_array().map_or(0, Vec::len);
                let attempt_shown = Shown {
                    at: times.into_iter().find_map(moment).unwrap(),
                    turns: turns("transcript") + turns("post_call_transcript"),
                    is_recorded: attempt["recording_url"].is_string(),
                };
                shown.insert(attempt["id"].as_str().unwrap().to_owned(), attempt_shown);
            }
        }
        shown
    }

    /// The attempts of the mirror of which it has something, by what that is.
    async fn held(&self, statement: &str) -> BTreeSet<String> {
        let ids: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement.to_owned()))
            .fetch_all(&self.account.pool)
            .await
            .unwrap();
        ids.into_iter().collect()
    }

    /// What was said is there of attempts since `cut` and of no others; the same of recordings.
    pub(crate) async fn assert_parts_since(&self, said: Option<&str>, recorded: Option<&str>) {
        let attempts = self.attempts();
        let since = |cut: Option<&str>, at: DateTime<Utc>| {
            cut.is_none_or(|cut| at >= cut.parse::<DateTime<Utc>>().unwrap())
        };
        let ids = |is_there: &dyn Fn(&Shown) -> bool| -> BTreeSet<String> {
            attempts.iter().filter(|(_, it)| is_there(it)).map(|(id, _)| id.clone()).collect()
        };
        let of_turns = self
            .held(
                "select call_attempt_id from revox.transcript_turns
                 union select call_attempt_id from revox.post_call_transcript_turns",
            )
            .await;
        assert_eq!(of_turns, ids(&|it| it.turns > 0 && since(said, it.at)), "turns");
        let recordings =
            self.held("select id from revox.call_attempts where recording_url is not null").await;
        assert_eq!(recordings, ids(&|it| it.is_recorded && since(recorded, it.at)), "recordings");
        let words = self.held("select call_attempt_id from revox.transcript_words").await;
        assert!(words.is_subset(&of_turns), "words");
        let texts = self
            .held("select call_attempt_id from revox.speech_events where transcript is not null or llm_system_prompt is not null")
            .await;
        let old_texts: Vec<_> = texts.iter().filter(|id| !since(said, attempts[*id].at)).collect();
        assert_eq!(old_texts, Vec::<&String>::new(), "speech events");
    }
}
