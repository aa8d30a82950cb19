//! What the views that count over many calls come to, summed up for a campaign or an assistant at a time.
//!
//! Owns the statements. Whoever writes leaves marks (triggers do it), and a summary that is marked is believed by nobody, so
//! that nothing here can make an answer wrong: it only makes answers quick.

use super::StoreError;
use super::open::{Store, commit, until_it_commits};
use super::statement::{query, query_as, query_scalar};
use sqlx::FromRow;

/// The views over campaigns and over assistants, by the kind of whom they are about.
const SUMMARIES: [(&str, &[&str]); 2] = [
    (
        "campaign",
        &[
            "campaign_funnel",
            "daily_activity",
            "hourly_answer_rate",
            "call_outcomes",
            "attempt_outcomes",
            "dial_errors",
            "tool_usage",
            "talk_ratio",
            "copy_counts",
        ],
    ),
    ("assistant", &["assistant_scorecard", "voice_latency"]),
];

/// A campaign or an assistant of which something was written since it was last summed up.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Marked {
    /// `campaign` or `assistant`.
    pub owner_kind: String,
    /// Its id.
    pub owner_id: String,
    /// Whether it has been summed up before.
    pub is_summed: bool,
}

impl Store {
    /// What is marked, the longest waiting first. With `sparing`, those are left out that were summed up less than ten
    /// times as long ago as it took: the larger one is, the less often.
    pub async fn marked_summaries(&self, sparing: bool) -> Result<Vec<Marked>, StoreError> {
        let mut transaction = self.begin().await?;
        query_as(
            "select m.owner_kind, m.owner_id,
                    exists (select from revox_sync.summaries s where s.owner_id = m.owner_id) as is_summed
             from revox_sync.summary_marks m
             group by m.owner_kind, m.owner_id
             having not $1 or not exists (
                 select from revox_sync.summaries s
                 where s.owner_id = m.owner_id and s.summed_at + 10 * s.took > now())
             order by min(m.id)",
        )
        .bind(sparing)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for what is to be summed up"))
    }

    /// Whether summing up took less than a tenth of the last ten minutes, by all processes together.
    pub async fn may_sum_up(&self) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select coalesce(sum(s.took), '0') < interval '1 minute'
             from revox_sync.summaries s
             where s.summed_at > now() - interval '10 minutes'",
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("asking how long summing up took of late"))
    }

    /// Sums one up, as of one state of the database, and takes the marks away that this state has. Does nothing, and says
    /// so, while another process does.
    pub async fn sum_up(&self, marked: &Marked) -> Result<bool, StoreError> {
        until_it_commits(|| self.try_to_sum_up(marked)).await
    }

    async fn try_to_sum_up(&self, Marked { owner_kind, owner_id, .. }: &Marked) -> Result<bool, StoreError> {
        let doing = "summing up";
        let mut transaction = self.begin_counting().await?;
        let connection = &mut *transaction;
        let is_free: bool =
            query_scalar("select pg_try_advisory_xact_lock(hashtext('revox summaries'), hashtext($1))")
                .bind(owner_id)
                .fetch_one(&mut *connection)
                .await
                .map_err(StoreError::query(doing))?;
        if !is_free {
            return Ok(false);
        }
        let marks: Vec<i64> =
            query_scalar("select id from revox_sync.summary_marks where owner_id = $1 and owner_kind = $2")
                .bind(owner_id)
                .bind(owner_kind)
                .fetch_all(&mut *connection)
                .await
                .map_err(StoreError::query(doing))?;
        let summaries = SUMMARIES.iter().filter(|(kind, _)| kind == owner_kind).flat_map(|(_, them)| *them);
        for summary in summaries {
            query(
                "insert into revox_sync.summaries as s (summary, owner_id, lines, summed_at, took)
                 select $1, $3, revox_sync.count_summary($1, $2, $3), statement_timestamp(),
                        clock_timestamp() - statement_timestamp()
                 on conflict (summary, owner_id) do update
                 set lines = excluded.lines, summed_at = excluded.summed_at, took = excluded.took",
            )
            .bind(summary)
            .bind(owner_kind)
            .bind(owner_id)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
        }
        query("delete from revox_sync.summary_marks where id = any($1)")
            .bind(marks)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?;
        commit(transaction).await?;
        Ok(true)
    }
}
