//! `revox_sync.row_states`: what each row looked like when it was last read, where it stands among the others, and
//! until when it may still change.
//!
//! Every row that the API has shown and that has a readable id has a line here, whether it could land or not, so
//! that counts agree with the API's.

use super::StoreError;
use super::checkpoint::signed;
use super::copy::{Values, copy_lines};
use super::open::Store;
use super::statement::{query, query_as};
use crate::normalize::Hash;
use crate::plan::Unsettled;
use crate::records::Time;
use futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::{HashMap, HashSet};

/// What is remembered of a row that was read and is new or differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowState {
    /// Of its JSON; none when not all of it was read.
    pub hash: Option<Hash>,
    /// Orders it among the campaign's rows; none when the page at hand does not tell.
    pub position: Option<i64>,
    /// Its call's.
    pub status: Option<String>,
    /// Until when it may still change.
    pub unsettled: Option<Unsettled>,
}

/// What is known of a row before its page is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownRow {
    /// Of its JSON; none when it is to be written again whatever its bytes.
    pub hash: Option<Hash>,
    /// Its call's status and since when it is unsettled; none when it is settled.
    pub unsettled: Option<(Option<String>, Time)>,
    /// From when on it is to be read again for that.
    pub read_by: Option<Time>,
}

/// One row of a campaign's sequence.
#[derive(Debug)]
pub struct Placed<'a> {
    /// The row.
    pub id: &'a str,
    /// Its call's status.
    pub status: Option<&'a str>,
    /// Whether it is to be read again by now.
    pub is_overdue: bool,
}

/// A place in a campaign's sequence of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedAfter {
    /// Behind this position.
    Position(i64),
    /// Behind so many rows.
    Rows(u64),
}

/// Where a campaign's sequence of rows ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Places {
    /// Rows.
    pub rows: i64,
    /// The largest position; none when there are no rows.
    pub last: Option<i64>,
    /// Rows whose position is not known.
    pub unplaced: i64,
}

impl Places {
    /// What is to be added to a row's place (from 0) among the live ones to get its position: positions of rows that
    /// are gone are not given again.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.last.map_or(0, |last| (last + 1 - self.rows).max(0))
    }
}

/// What a line of states says behind the row's id.
fn known(row: &PgRow) -> KnownRow {
    KnownRow {
        hash: row.get::<Option<Vec<u8>>, _>(1).and_then(|hash| hash.try_into().ok()),
        unsettled: row.get::<Option<Time>, _>(2).map(|since| (row.get(3), since)),
        read_by: row.get(4),
    }
}

impl Store {
    /// What is known of rows of a campaign.
    pub async fn known_rows(
        &self,
        campaign_id: &str,
        row_ids: &[&str],
    ) -> Result<HashMap<String, KnownRow>, StoreError> {
        let mut transaction = self.begin().await?;
        // `is true` keeps the planner from reading the whole campaign by the index on it.
        let rows = query(
            "select row_id, case when position is not null then hash end, unsettled_since,
                    case when unsettled_since is not null then status end, read_by
             from revox_sync.row_states
             where row_id = any($1) and (campaign_id = $2) is true",
        )
        .bind(row_ids)
        .bind(campaign_id)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking up known rows"))?;
        Ok(rows.iter().map(|row| (row.get(0), known(row))).collect())
    }

    /// What is known of the rows of a campaign that have a place, in the order of their places: `(position, id, what)`, `most` of
    /// them.
    pub async fn known_behind(
        &self,
        campaign_id: &str,
        after: PlacedAfter,
        most: usize,
    ) -> Result<Vec<(i64, String, KnownRow)>, StoreError> {
        let (position, rows) = match after {
            PlacedAfter::Position(position) => (Some(position), 0),
            PlacedAfter::Rows(rows) => (None, signed(rows)),
        };
        let mut transaction = self.begin().await?;
        let rows = query(
            "select row_id, hash, unsettled_since, case when unsettled_since is not null then status end, read_by, position
             from revox_sync.row_states
             where campaign_id = $1 and position > coalesce($2, -9223372036854775808)
             order by position
             offset $3 limit $4",
        )
        .bind(campaign_id)
        .bind(position)
        .bind(rows)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("reading known rows ahead"))?;
        Ok(rows.iter().map(|row| (row.get(5), row.get(0), known(row))).collect())
    }

    /// How many rows of a campaign are known, and where their sequence ends.
    pub async fn load_places(&self, campaign_id: &str) -> Result<Places, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "select count(*), max(position), count(*) filter (where position is null)
             from revox_sync.row_states where campaign_id = $1",
        )
        .bind(campaign_id)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("counting known rows"))?;
        Ok(Places { rows: row.get(0), last: row.get(1), unplaced: row.get(2) })
    }

    /// Shows `each` every known row of a campaign in the API's order; one is held at a time.
    pub async fn load_sequence(
        &self,
        campaign_id: &str,
        now: Time,
        mut each: impl FnMut(&Placed<'_>),
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let mut rows = query(
            "select row_id, status, read_by <= $2
             from revox_sync.row_states
             where campaign_id = $1
             order by position",
        )
        .bind(campaign_id)
        .bind(now)
        .fetch(&mut *transaction);
        while let Some(row) = rows.try_next().await.map_err(StoreError::query("reading known rows"))? {
            each(&Placed {
                id: row.get(0),
                status: row.get(1),
                is_overdue: row.get::<Option<bool>, _>(2).unwrap_or(false),
            });
        }
        Ok(())
    }
}

impl Store {
    /// The live rows that show each of these calls, and their campaigns: `(row, campaign)` by call.
    pub async fn rows_of_calls(
        &self,
        call_ids: &[&str],
    ) -> Result<HashMap<String, Vec<(String, String)>>, StoreError> {
        let mut transaction = self.begin().await?;
        let found: Vec<(String, String, String)> = query_as(
            "select call_id, id, campaign_id from revox.campaign_rows
             where call_id = any($1) and _deleted_at is null",
        )
        .bind(call_ids)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking up the rows of calls"))?;
        let mut rows: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for (call, row, campaign) in found {
            rows.entry(call).or_default().push((row, campaign));
        }
        Ok(rows)
    }

    /// The rows of a campaign that are to be read by now: id, status, and since when they are unsettled.
    pub async fn load_overdue(
        &self,
        campaign_id: &str,
        now: Time,
    ) -> Result<Vec<(String, Option<String>, Time)>, StoreError> {
        let mut transaction = self.begin().await?;
        query_as(
            "select row_id, status, unsettled_since from revox_sync.row_states
             where campaign_id = $1 and unsettled_since is not null and read_by <= $2",
        )
        .bind(campaign_id)
        .bind(now)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("reading unsettled rows"))
    }
}

/// Remembers the rows of a batch that are new or differ. Those in `again` are to be written again whatever their
/// bytes. A row that another campaign holds is not taken from it: it is this answer that is wrong.
pub(super) async fn save_states(
    connection: &mut PgConnection,
    campaign_id: &str,
    states: &HashMap<String, RowState>,
    again: &HashSet<&str>,
) -> Result<(), StoreError> {
    if states.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = states.keys().map(String::as_str).collect();
    let hashes: Vec<Option<&[u8]>> = states
        .iter()
        .map(|(id, state)| state.hash.as_ref().filter(|_| !again.contains(id.as_str())).map(Hash::as_slice))
        .collect();
    let unsettled = |part: fn(&Unsettled) -> Time| -> Vec<Option<Time>> {
        states.values().map(|state| state.unsettled.as_ref().map(part)).collect()
    };
    let saved = query(
        "insert into revox_sync.row_states as s
             (row_id, campaign_id, hash, position, status, unsettled_since, read_by)
         select i.id, $1, i.hash, i.position, i.status, i.since, i.read_by
         from unnest($2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::timestamptz[], $7::timestamptz[])
              as i(id, hash, position, status, since, read_by)
         on conflict (row_id) do update
         set hash = excluded.hash, position = coalesce(s.position, excluded.position),
             status = excluded.status, unsettled_since = excluded.unsettled_since,
             read_by = excluded.read_by
         where s.campaign_id = excluded.campaign_id",
    )
    .bind(campaign_id)
    .bind(&ids)
    .bind(hashes)
    .bind(states.values().map(|state| state.position).collect::<Vec<_>>())
    .bind(states.values().map(|state| state.status.as_deref()).collect::<Vec<_>>())
    .bind(unsettled(|it| it.since))
    .bind(unsettled(|it| it.read_by))
    .execute(connection)
    .await
    .map_err(StoreError::query("remembering rows"))?
    .rows_affected();
    let asked = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    if saved < asked { Err(StoreError::ForeignRows { count: asked - saved }) } else { Ok(()) }
}

/// The same of rows that are presumed to be new: one that is there is a conflict.
pub(super) async fn copy_states(
    connection: &mut PgConnection,
    campaign_id: &str,
    states: &HashMap<String, RowState>,
    again: &HashSet<&str>,
) -> Result<(), StoreError> {
    let mut states: Vec<(&String, &RowState)> = states.iter().collect();
    states.sort_unstable_by_key(|(id, _)| *id);
    let lines = states.into_iter().map(|(id, state)| {
        move |values: &mut Values<'_>| {
            let RowState { hash, position, status, unsettled } = state;
            values.text(Some(id));
            values.text(Some(campaign_id));
            values.bytea(hash.as_ref().filter(|_| !again.contains(id.as_str())).map(Hash::as_slice));
            values.bigint(position.as_ref());
            values.text(status.as_deref());
            values.timestamptz(unsettled.as_ref().map(|it| &it.since));
            values.timestamptz(unsettled.as_ref().map(|it| &it.read_by));
        }
    });
    let statement = "copy revox_sync.row_states
             (row_id, campaign_id, hash, position, status, unsettled_since, read_by)
         from stdin with (format binary)";
    copy_lines(connection, statement, 7, lines, "remembering rows").await
}

/// Notes of unsettled rows that were read again, and did not change, when to read them next; none when they are
/// settled now.
pub(super) async fn save_readings(
    connection: &mut PgConnection,
    readings: &[(String, Option<Unsettled>)],
) -> Result<(), StoreError> {
    if readings.is_empty() {
        return Ok(());
    }
    let unsettled = |part: fn(&Unsettled) -> Time| -> Vec<Option<Time>> {
        readings.iter().map(|(_, unsettled)| unsettled.as_ref().map(part)).collect()
    };
    query(
        "update revox_sync.row_states s
         set unsettled_since = i.since, read_by = i.read_by
         from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as i(id, since, read_by)
         where s.row_id = i.id",
    )
    .bind(readings.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>())
    .bind(unsettled(|it| it.since))
    .bind(unsettled(|it| it.read_by))
    .execute(connection)
    .await
    .map_err(StoreError::query("noting that rows were read again"))?;
    Ok(())
}
