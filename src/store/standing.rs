//! How the mirror's rows of a campaign stand beside a walk: which it did not show, and whether the others are in its order.

use super::StoreError;
use super::checkpoint::signed;
use super::lease::Lease;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use futures::TryStreamExt;
use sqlx::{PgConnection, Row};

/// Where a row stood on the walk, from 0.
pub type Place = u64;

/// A live row of the mirror that a walk did not show, with its nearest neighbours that it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The row.
    pub id: String,
    /// Where the nearest row before it stood; none when it was the first.
    pub before: Option<(String, Place)>,
    /// Where the nearest row after it stood; none when it was the last.
    pub after: Option<(String, Place)>,
}

/// How the mirror stands beside a walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Rows that the mirror knows.
    pub live: u64,
    /// Those among them that the walk did not show.
    pub missing: Vec<Missing>,
    /// Whether the others stand in the order in which the walk showed them.
    pub in_order: bool,
    /// Whether it has calls that none of its live rows shows.
    pub has_unshown_calls: bool,
}

/// What belongs to a campaign in the database and no page can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strays {
    /// Whether it has live rows without a state of its own, as nothing but somebody's meddling leaves them.
    rows_without_state: bool,
    /// Whether it has calls that none of its live rows shows.
    unshown_calls: bool,
}

impl Store {
    /// Looks for what no page of a campaign can show. Holds until a row of the campaign, or a call, is written.
    pub async fn look_for_strays(&self, campaign_id: &str) -> Result<Strays, StoreError> {
        let rows = async {
            let mut transaction = self.begin_comparing().await?;
            has_rows_without_state(&mut transaction, campaign_id).await
        };
        let calls = async {
            let mut transaction = self.begin_comparing().await?;
            has_unshown_calls(&mut transaction, campaign_id).await
        };
        let (rows_without_state, unshown_calls) = tokio::try_join!(rows, calls)?;
        Ok(Strays { rows_without_state, unshown_calls })
    }

    /// Lays the mirror's rows of a campaign beside a walk. `place_of` tells where a row stood on it, by its id.
    /// Only what is missing is held in memory.
    pub async fn stand_beside(
        &self,
        campaign_id: &str,
        strays: Strays,
        place_of: impl Fn(&str) -> Option<Place>,
    ) -> Result<Standing, StoreError> {
        let mut transaction = self.begin_comparing().await?;
        let mut rows = query(if strays.rows_without_state { STANDING_AND_STRAY } else { STANDING })
            .bind(campaign_id)
            .fetch(&mut *transaction);
        let mut standing =
            Standing { in_order: true, has_unshown_calls: strays.unshown_calls, ..Standing::default() };
        let mut before: Option<(String, Place)> = None;
        let mut waiting = 0;
        while let Some(row) =
            rows.try_next().await.map_err(StoreError::query("looking for rows that are gone"))?
        {
            standing.live += 1;
            let id: String = row.get(0);
            let position: Option<i64> = row.get(1);
            match place_of(&id) {
                Some(place) => {
                    let follows = before.as_ref().is_none_or(|(_, earlier)| *earlier < place);
                    standing.in_order &= follows && position.is_some();
                    let here = Some((id, place));
                    for earlier in standing.missing.get_mut(waiting..).unwrap_or_default() {
                        earlier.after.clone_from(&here);
                    }
                    waiting = standing.missing.len();
                    before = here;
                }
                None => standing.missing.push(Missing { id, before: before.clone(), after: None }),
            }
        }
        Ok(standing)
    }

    /// Gives every row of a campaign the place at which a walk showed it, a part at a time: a pass that is killed
    /// in between leaves an order that the next one finds wrong.
    pub async fn reorder(
        &self,
        lease: &Lease,
        campaign_id: &str,
        place_of: impl Fn(&str) -> Option<Place>,
    ) -> Result<(), StoreError> {
        const PART: i64 = 10_000;
        let doing = "writing the order of rows";
        let mut last = String::new();
        loop {
            let mut transaction = self.begin_repeatable().await?;
            let ids: Vec<String> = query_scalar(
                "select row_id from revox_sync.row_states
                 where row_id > $2 and (campaign_id = $1) is true
                 order by row_id limit $3",
            )
            .bind(campaign_id)
            .bind(&last)
            .bind(PART)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
            let Some(end) = ids.last() else { return Ok(()) };
            last.clone_from(end);
            let (shown, places): (Vec<&str>, Vec<i64>) =
                ids.iter().filter_map(|id| Some((id.as_str(), signed(place_of(id)?)))).unzip();
            query(
                "update revox_sync.row_states s set position = i.place
                 from unnest($1::text[], $2::bigint[]) as i(id, place)
                 where s.row_id = i.id and s.position is distinct from i.place",
            )
            .bind(shown)
            .bind(places)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
            lease.renew(&mut transaction).await?;
            commit(transaction).await?;
        }
    }
}

/// The rows of a campaign in their order.
const STANDING: &str =
    "select row_id, position from revox_sync.row_states where campaign_id = $1 order by 2, 1";

/// The same, with live rows that no state of whatever campaign is held of: they count all the same.
const STANDING_AND_STRAY: &str = "
    select row_id, position from revox_sync.row_states where campaign_id = $1
    union all
    select r.id, null from revox.campaign_rows r
    where r.campaign_id = $1 and r._deleted_at is null
      and not exists (select 1 from revox_sync.row_states s where s.row_id = r.id)
    order by 2, 1";

async fn has_rows_without_state(
    connection: &mut PgConnection,
    campaign_id: &str,
) -> Result<bool, StoreError> {
    query_scalar(
        "select exists (
             select from revox.campaign_rows r
             where r.campaign_id = $1 and r._deleted_at is null and not exists (
                 select from revox_sync.row_states s where s.campaign_id = $1 and s.row_id = r.id))",
    )
    .bind(campaign_id)
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("looking for rows without a state"))
}

/// Whether a campaign has calls that none of its live rows shows: hardly ever, and all of them laid beside each other tell so in
/// a third of the time that looking up each takes, for which the transaction must be comparing.
pub(super) async fn has_unshown_calls(
    connection: &mut PgConnection,
    campaign_id: &str,
) -> Result<bool, StoreError> {
    query_scalar(
        "select exists (
             select from revox.calls c
             where c.campaign_id = $1 and c._deleted_at is null and not exists (
                 select from revox.campaign_rows r
                 where r.campaign_id = $1 and r._deleted_at is null and r.call_id = c.id))",
    )
    .bind(campaign_id)
    .fetch_one(connection)
    .await
    .map_err(StoreError::query("looking for calls that are gone"))
}
