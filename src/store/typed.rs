//! The views of schema `revox_campaigns`: what is known of each, which keys its rows hold, and making it.
//!
//! Owns the SQL. Which columns a view is to have is `typed`'s business. Every write is under the campaign's lease.

use super::StoreError;
use super::lease::Lease;
use super::open::{Store, commit};
use super::statement::{query, query_as, query_scalar};
use crate::typed::{Column, Field, Impossible, MOST_COLUMNS, MOST_KEY_BYTES, Plan, SeenValues, Source};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;

/// Rows that one statement looks into.
const ROWS_AT_ONCE: i64 = 2_000;

/// New keys that are told apart in one refresh: more than a view can have columns.
const MOST_KEYS: usize = 2 * MOST_COLUMNS;

/// Names that are tried for a new view.
const MOST_NAMES: usize = 100;

/// How long making a view waits for those who read it; the next pass tries again.
const WAIT_FOR_READERS: &str = "set local lock_timeout = '3s'";

/// A campaign's view, as it is and as the rows and the assistant stand beside it.
#[derive(Debug, Clone)]
pub struct TypedView {
    /// The campaign's name.
    pub campaign_name: Option<String>,
    /// Its own, in schema `revox_campaigns`; none until it was given one.
    pub name: Option<String>,
    /// Its columns behind the fixed ones.
    pub columns: Vec<Column>,
    /// What could not be done so far.
    pub impossible: Vec<Impossible>,
    /// What the database said when it could not be made.
    pub trouble: Option<String>,
    /// Whether it is there.
    pub is_there: bool,
    /// The assistant's fields.
    pub fields: Vec<Field>,
    /// Whether there is anything to do.
    pub is_due: bool,
}

/// Keys, each with what its values were.
pub type SeenKeys = BTreeMap<(Source, String), SeenValues>;

fn read_view(row: &PgRow) -> TypedView {
    TypedView {
        campaign_name: row.get(0),
        name: row.get(1),
        columns: row.get::<Option<Json<_>>, _>(2).map(|columns| columns.0).unwrap_or_default(),
        impossible: row.get::<Option<Json<_>>, _>(3).map(|them| them.0).unwrap_or_default(),
        trouble: row.get(4),
        is_there: row.get(5),
        fields: row.get::<Json<_>, _>(6).0,
        is_due: row.get(7),
    }
}

impl Store {
    /// The live campaigns of an account whose views are not up to date, by id.
    pub async fn due_typed_views(&self, account: &str) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select c.id
             from revox_sync.checkpoints k
             join revox.campaigns c on c.id = k.campaign_id and c._deleted_at is null
             left join revox_sync.typed_views v on v.campaign_id = c.id
             where k.account = $1 and k.passes > 0
               and (v.campaign_id is null
                    or v.fields_hash is distinct from md5(revox_sync.typed_fields(c.assistant_id)::text)
                    or to_regclass('revox_campaigns.' || quote_ident(v.view_name)) is null
                    or exists (select from revox_sync.typed_pending p where p.campaign_id = c.id))
             order by c.id",
        )
        .bind(account)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for views of campaigns that are not up to date"))
    }

    /// What is known of a live campaign's view; none when there is no such campaign.
    pub async fn load_typed_view(&self, campaign_id: &str) -> Result<Option<TypedView>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "select s.name, s.view_name, s.columns, s.impossible, s.trouble, s.is_there, s.fields,
                    s.view_name is null or not s.is_there or s.is_pending
                        or s.fields_hash is distinct from md5(s.fields::text)
             from (
                 select c.name, v.view_name, v.columns, v.impossible, v.trouble, v.fields_hash,
                        to_regclass('revox_campaigns.' || quote_ident(v.view_name)) is not null as is_there,
                        revox_sync.typed_fields(c.assistant_id) as fields,
                        exists (select from revox_sync.typed_pending p where p.campaign_id = c.id) as is_pending
                 from revox.campaigns c
                 left join revox_sync.typed_views v on v.campaign_id = c.id
                 where c.id = $1 and c._deleted_at is null
             ) s",
        )
        .bind(campaign_id)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("reading what is known of a campaign's view"))?;
        Ok(row.as_ref().map(read_view))
    }

    /// Gives a campaign's view the first of these names that nothing in the schema has, and has all its rows looked at.
    pub async fn begin_typed_view(
        &self,
        lease: &Lease,
        campaign_id: &str,
        names: impl Iterator<Item = String>,
    ) -> Result<String, StoreError> {
        let doing = "naming a campaign's view";
        let names: Vec<String> = names.take(MOST_NAMES).collect();
        let mut transaction = self.begin().await?;
        let name: String = query_scalar(
            "insert into revox_sync.typed_views (campaign_id, view_name)
             select $1, n.name
             from unnest($2::text[]) with ordinality as n (name, place)
             where not exists (select from revox_sync.typed_views v where v.view_name = n.name)
               and to_regclass('revox_campaigns.' || quote_ident(n.name)) is null
             order by n.place
             limit 1
             returning view_name",
        )
        .bind(campaign_id)
        .bind(names)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        query(
            "insert into revox_sync.typed_pending (campaign_id, row_id)
             select $1, id from revox.campaign_rows where campaign_id = $1 and _deleted_at is null
             on conflict do nothing",
        )
        .bind(campaign_id)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await?;
        Ok(name)
    }

    /// The keys without a column that the pending rows of a campaign hold; a part of the rows is looked at at a time.
    pub async fn seen_keys(&self, campaign_id: &str) -> Result<SeenKeys, StoreError> {
        let mut seen = SeenKeys::new();
        let mut after = String::new();
        loop {
            let mut transaction = self.begin().await?;
            let ids = pending(&mut transaction, campaign_id, &after).await?;
            let Some(last) = ids.last() else { return Ok(seen) };
            after.clone_from(last);
            for (source, key, values) in keys_of(&mut transaction, campaign_id, &ids).await? {
                let known = seen.len();
                match seen.entry((source, key)) {
                    std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(values),
                    std::collections::btree_map::Entry::Vacant(entry) if known < MOST_KEYS => {
                        entry.insert(values);
                    }
                    std::collections::btree_map::Entry::Vacant(_) => {}
                }
            }
            if is_last(&ids) {
                return Ok(seen);
            }
        }
    }

    /// Makes a campaign's view, or adds columns at its end, and remembers them, in one transaction.
    pub async fn make_typed_view(
        &self,
        lease: &Lease,
        campaign_id: &str,
        name: &str,
        columns: &[Column],
    ) -> Result<(), StoreError> {
        let doing = "making a campaign's view";
        let about = format!(
            "The live contacts of the campaign {campaign_id}, one line each, with what is known of their calls."
        );
        let mut transaction = self.begin().await?;
        query(WAIT_FOR_READERS).execute(&mut *transaction).await.map_err(StoreError::query(doing))?;
        query("select revox_sync.make_typed_view($1, $2, $3, $4)")
            .bind(campaign_id)
            .bind(name)
            .bind(about)
            .bind(Json(columns))
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        query("update revox_sync.typed_views set columns = $2 where campaign_id = $1")
            .bind(campaign_id)
            .bind(Json(columns))
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Notes which values of the pending rows do not fit their columns; the rows are pending no more.
    pub async fn settle_typed_rows(&self, lease: &Lease, campaign_id: &str) -> Result<(), StoreError> {
        let doing = "noting which values do not fit";
        loop {
            let mut transaction = self.begin_repeatable().await?;
            let ids = pending(&mut transaction, campaign_id, "").await?;
            if ids.is_empty() {
                return Ok(());
            }
            for statement in [
                "delete from revox_sync.typed_misfits where campaign_id = $1 and row_id = any($2)",
                "insert into revox_sync.typed_misfits (campaign_id, row_id, column_name)
                 select $1, r.row_id, c.name
                 from revox_sync.typed_rows r
                 join revox_sync.typed_views v on v.campaign_id = $1
                 cross join lateral jsonb_to_recordset(v.columns) as c (name text, source text, key text, type text)
                 where r.row_id = any($2)
                   and r.campaign_id = $1
                   and c.type <> 'text'
                   and revox_sync.is_misfit(
                       case c.source when 'input' then r.input_data else r.structured_output end -> c.key,
                       c.type
                   )",
                "delete from revox_sync.typed_pending where campaign_id = $1 and row_id = any($2)",
            ] {
                query(statement)
                    .bind(campaign_id)
                    .bind(&ids)
                    .execute(&mut *transaction)
                    .await
                    .map_err(StoreError::query(doing))?;
            }
            lease.renew(&mut transaction).await?;
            commit(transaction).await?;
            if is_last(&ids) {
                return Ok(());
            }
        }
    }

    /// Notes that a campaign's view is up to date with these fields of its assistant.
    pub async fn finish_typed_view(
        &self,
        lease: &Lease,
        campaign_id: &str,
        plan: &Plan,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query(
            "update revox_sync.typed_views v
             set impossible = $2, trouble = null, refreshed_at = now(),
                 fields_hash = md5(revox_sync.typed_fields(c.assistant_id)::text)
             from revox.campaigns c
             where v.campaign_id = $1 and c.id = $1",
        )
        .bind(campaign_id)
        .bind(Json(&plan.impossible))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting that a campaign's view is up to date"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Notes why a campaign's view could not be made.
    pub async fn note_typed_trouble(
        &self,
        lease: &Lease,
        campaign_id: &str,
        trouble: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query("update revox_sync.typed_views set trouble = $2 where campaign_id = $1")
            .bind(campaign_id)
            .bind(trouble)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("noting that a campaign's view could not be made"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }
}

/// Notes, in the transaction that writes them, that rows are to be looked at for their campaign's view, if it has one.
pub(super) async fn note_typed_rows(
    connection: &mut PgConnection,
    campaign_id: &str,
    row_ids: &[&str],
) -> Result<(), StoreError> {
    query(
        "insert into revox_sync.typed_pending (campaign_id, row_id)
         select $1, i.id
         from unnest($2::text[]) as i (id)
         where exists (select from revox_sync.typed_views v where v.campaign_id = $1)
         on conflict do nothing",
    )
    .bind(campaign_id)
    .bind(row_ids)
    .execute(connection)
    .await
    .map_err(StoreError::query("noting rows for a campaign's view"))?;
    Ok(())
}

fn is_last(ids: &[String]) -> bool {
    i64::try_from(ids.len()).is_ok_and(|count| count < ROWS_AT_ONCE)
}

/// Some of the pending rows of a campaign, those after `after`, in order.
async fn pending(
    connection: &mut PgConnection,
    campaign_id: &str,
    after: &str,
) -> Result<Vec<String>, StoreError> {
    query_scalar(
        "select row_id from revox_sync.typed_pending
         where campaign_id = $1 and row_id > $2
         order by row_id
         limit $3",
    )
    .bind(campaign_id)
    .bind(after)
    .bind(ROWS_AT_ONCE)
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("reading the rows that a campaign's view waits for"))
}

/// The keys of rows that have no column yet, with what their values are; a key that is too long is cut.
async fn keys_of(
    connection: &mut PgConnection,
    campaign_id: &str,
    row_ids: &[String],
) -> Result<Vec<(Source, String, SeenValues)>, StoreError> {
    let rows: Vec<(String, String, bool, bool, bool)> = query_as(
        "with seen as materialized (
             select k.source, k.key,
                    bool_or(k.kind = 'number') as numbers,
                    bool_or(k.kind = 'boolean') as booleans,
                    bool_or(k.kind not in ('number', 'boolean', 'null')) as others
             from revox_sync.typed_rows r
             cross join lateral (
                 select 'input' as source, left(i.key, $3) as key, jsonb_typeof(i.value) as kind
                 from jsonb_each(
                     case when jsonb_typeof(r.input_data) = 'object' then r.input_data else '{}' end
                 ) i
                 union all
                 select 'output', left(o.key, $3), jsonb_typeof(o.value)
                 from jsonb_each(coalesce(r.structured_output, '{}')) o
             ) k
             where r.row_id = any($2)
               and r.campaign_id = $1
             group by k.source, k.key
         )
         select s.source, s.key, s.numbers, s.booleans, s.others
         from seen s
         where not exists (
             select
             from revox_sync.typed_views v
             cross join lateral jsonb_to_recordset(v.columns) as c (source text, key text)
             where v.campaign_id = $1
               and c.source = s.source
               and c.key = s.key
         )
         order by s.source, s.key collate \"C\"
         limit $4",
    )
    .bind(campaign_id)
    .bind(row_ids)
    .bind(i32::try_from(MOST_KEY_BYTES + 1).unwrap_or(i32::MAX))
    .bind(i64::try_from(MOST_KEYS).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("looking for keys that have no column"))?;
    let key = |(source, key, numbers, booleans, others): (String, String, bool, bool, bool)| {
        (Source::of(&source), key, SeenValues { numbers, booleans, others })
    };
    Ok(rows.into_iter().map(key).collect())
}
