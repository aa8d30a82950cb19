//! An account whose rows are spoilt one by one, and what became of them in the tables.

use crate::support::account::{Account, full};
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};
use revox_mirror::sync::{CampaignReport, PassReport};
use serde_json::Value;

/// Rows of the campaign: three pages, the last one not full.
pub(crate) const ROWS: usize = 230;

/// A reject: the row's key, the path, the reason.
pub(crate) type Reject = (String, String, String);

/// One campaign, all of whose rows can be spoilt.
pub(crate) struct Spoilt {
    pub(crate) account: Account,
    /// The ids of the rows, in order.
    pub(crate) ids: Vec<String>,
}

/// Both APIs.
pub(crate) fn flavours() -> [Flavour; 2] {
    [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())]
}

impl Spoilt {
    pub(crate) async fn new(flavour: Flavour) -> Self {
        let options = Options { flavour, campaigns: 1, rows: ROWS, turns: 2, ..Options::default() };
        let account = Account::new(options).await;
        let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
        Self { account, ids }
    }

    /// Puts any text in place of the row's JSON.
    pub(crate) fn set_text(&self, place: usize, text: impl Into<String>) {
        self.account.simulator.edit(|account| account.set_raw_row(0, place, text)).unwrap();
    }

    /// Puts a row of these members in its place, under its own id.
    pub(crate) fn set(&self, place: usize, members: &str) {
        self.set_text(place, format!(r#"{{"id":"{}",{members}}}"#, self.ids[place]));
    }

    /// Shows the row as it was at first.
    pub(crate) fn mend(&self, place: usize) {
        self.account.simulator.edit(|account| account.mend_row(0, place)).unwrap();
    }

    /// The row's own JSON, as it is shown now.
    pub(crate) fn shown(&self, place: usize) -> Value {
        serde_json::from_str(&self.account.simulator.truth(0).unwrap()[place]).unwrap()
    }

    /// The first row from `place` on whose call has an attempt with a transcript.
    pub(crate) fn talkative(&self, place: usize) -> usize {
        (place..ROWS)
            .find(|place| {
                let attempt = &self.shown(*place)["call"]["call_attempts"][0];
                attempt["transcript"].as_array().is_some_and(|turns| !turns.is_empty())
            })
            .unwrap()
    }

    /// Reads everything again, whatever comes of it.
    pub(crate) async fn pass(&self) -> CampaignReport {
        let PassReport { campaigns, .. } = self.account.pass(&full()).await.unwrap();
        campaigns.into_iter().next().unwrap()
    }

    /// Reads everything again, which must be complete.
    pub(crate) async fn complete_pass(&self) -> CampaignReport {
        let report = self.pass().await;
        assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.note);
        // Two readers that share no code are of one mind about whatever is bad here.
        let verified = self.account.verify().await;
        assert!(verified.is_equal(), "{verified:#?}");
        report
    }

    /// A line of a table by its id.
    pub(crate) async fn line(&self, table: &str, id: &str) -> Value {
        serde_json::from_str(&self.line_text(table, id, "to_jsonb(t)").await).unwrap()
    }

    /// The columns of a line without `_extra`, where numbers may be larger than any this test can read.
    pub(crate) async fn columns(&self, table: &str, id: &str) -> Value {
        serde_json::from_str(&self.line_text(table, id, "to_jsonb(t) - '_extra'").await).unwrap()
    }

    /// What is kept of one field beside the columns, as text.
    pub(crate) async fn kept(&self, table: &str, id: &str, field: &str) -> String {
        self.line_text(table, id, &format!("coalesce(_extra->>'{field}', 'nothing')")).await
    }

    async fn line_text(&self, table: &str, id: &str, what: &str) -> String {
        let statement = format!("select ({what})::text from revox.{table} t where id = $1");
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .bind(id)
            .fetch_one(&self.account.pool)
            .await
            .unwrap()
    }

    /// The line of the row at `place`.
    pub(crate) async fn row(&self, place: usize) -> Value {
        self.line("campaign_rows", &self.ids[place]).await
    }

    /// One value of one line as text.
    pub(crate) async fn text(&self, statement: &'static str, id: &str) -> Option<String> {
        sqlx::query_scalar(statement).bind(id).fetch_one(&self.account.pool).await.unwrap()
    }

    /// Everything that could not land.
    pub(crate) async fn rejects(&self) -> Vec<Reject> {
        sqlx::query_as("select row_key, path, reason from revox_sync.rejects order by 1, 2, 3")
            .fetch_all(&self.account.pool)
            .await
            .unwrap()
    }

    /// What the mirror did not know, beside what the simulator always shows: path and kind.
    pub(crate) async fn drift(&self) -> Vec<(String, String)> {
        sqlx::query_as("select path, kind from revox_sync.drift order by 1, 2")
            .fetch_all(&self.account.pool)
            .await
            .unwrap()
    }

    pub(crate) async fn live_rows(&self) -> i64 {
        self.account.count("select count(*) from revox.campaign_rows where _deleted_at is null").await
    }

    pub(crate) async fn tombstones(&self) -> i64 {
        self.account
            .count(
                "select (select count(*) from revox.campaign_rows where _deleted_at is not null)
                      + (select count(*) from revox.calls where _deleted_at is not null)
                      + (select count(*) from revox.call_attempts where _deleted_at is not null)",
            )
            .await
    }

    /// Mends all rows; then nothing is left of what was bad, and everything is as the API shows it.
    pub(crate) async fn mend_all(&self) {
        for place in 0..ROWS {
            self.account.simulator.edit(|account| account.quietly(|it| it.mend_row(0, place))).unwrap();
        }
        self.complete_pass().await;
        assert_eq!(self.rejects().await, [], "what has landed is rejected no more");
        self.account.assert_equal().await;
    }
}

/// A reject as [`Spoilt::rejects`] lists it.
pub(crate) fn reject(row_key: &str, path: &str, reason: &str) -> Reject {
    (row_key.to_owned(), path.to_owned(), reason.to_owned())
}
