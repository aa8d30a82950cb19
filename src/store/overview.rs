//! Counts for people to look at: calls a day, and what came of them. They read what began lately, by the index on starts.

use super::StoreError;
use super::open::Store;
use super::statement::query_as;
use sqlx::FromRow;

/// A day, and the attempts that began on it (UTC).
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DayCount {
    /// `2026-03-01`.
    pub day: String,
    /// Live attempts.
    pub attempts: i64,
    /// Those among them that somebody or something answered.
    pub answered: i64,
}

/// A result of attempts, and how many had it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ResultCount {
    /// As the API names it; `(none)` where it does not.
    pub result: String,
    /// Live attempts.
    pub attempts: i64,
}

/// What happened lately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// The last thirty days, the oldest first, each of them.
    pub days: Vec<DayCount>,
    /// Results of the attempts of these days, the most frequent first, ten at most.
    pub results: Vec<ResultCount>,
}

impl Store {
    /// Reads what happened in the last thirty days.
    pub async fn load_activity(&self) -> Result<Activity, StoreError> {
        let mut transaction = self.begin_reading().await?;
        let days = query_as(
            "select to_char(d.day, 'YYYY-MM-DD') as day,
                    count(a.id) as attempts, count(a.answered_at) as answered
             from generate_series(date_trunc('day', now()) - interval '29 days', now(), interval '1 day') as d (day)
             left join revox.call_attempts a
                 on a.started_at >= d.day and a.started_at < d.day + interval '1 day' and a._deleted_at is null
             group by d.day
             order by d.day",
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("counting calls by day"))?;
        let results = query_as(
            "select coalesce(a.result, '(none)') as result, count(*) as attempts
             from revox.call_attempts a
             where a.started_at >= date_trunc('day', now()) - interval '29 days' and a._deleted_at is null
             group by 1
             order by 2 desc, 1
             limit 10",
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("counting results"))?;
        Ok(Activity { days, results })
    }
}
