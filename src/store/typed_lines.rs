//! The lines of typed views: which were written since they were last looked at, which keys they hold, and which of their
//! values do not fit.
//!
//! A campaign's lines are its contacts, written under the lease under which they are looked at. An assistant's are its
//! calls, which several campaigns' passes may be writing while they are looked at; hence the locks.

use super::StoreError;
use super::lease::Lease;
use super::open::{Store, commit};
use super::statement::{query, query_as, query_scalar};
use super::typed::SeenKeys;
use crate::typed::{MOST_COLUMNS, MOST_KEY_BYTES, Owner, OwnerKind, SeenValues, Source};
use sqlx::PgConnection;

/// Lines that one statement looks into.
const LINES_AT_ONCE: i64 = 2_000;

/// New keys that are told apart in one refresh: more than a view can have columns.
const MOST_KEYS: usize = 2 * MOST_COLUMNS;

/// All lines of a view.
const ALL_CONTACTS: &str = "insert into revox_sync.typed_pending (kind, owner_id, line_id)
     select 'campaign', $1, id from revox.campaign_rows where campaign_id = $1 and _deleted_at is null
     on conflict do nothing";
const ALL_CALLS: &str = "insert into revox_sync.typed_pending (kind, owner_id, line_id)
     select 'assistant', $1, id from revox.calls where assistant_id = $1 and _deleted_at is null
     on conflict do nothing";

impl Store {
    /// Has all lines of a view looked at.
    pub async fn look_at_all_typed_lines(&self, lease: &Lease, owner: Owner<'_>) -> Result<(), StoreError> {
        let statement = match owner.kind {
            OwnerKind::Campaign => ALL_CONTACTS,
            OwnerKind::Assistant => {
                self.wait_for_batches().await?;
                ALL_CALLS
            }
        };
        let mut transaction = self.begin().await?;
        query(statement)
            .bind(owner.id)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("having all lines of a typed view looked at"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Waits for the batches under way: they may not know yet that there is a view that their lines are to be noted for.
    async fn wait_for_batches(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query("select from revox_sync.erasures where id = 1 for update")
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("waiting for the batches under way"))?;
        commit(transaction).await
    }

    /// The keys without a column that the pending contacts of a campaign hold; a part of them is looked at at a time.
    pub async fn seen_keys(&self, campaign_id: &str) -> Result<SeenKeys, StoreError> {
        let mut seen = SeenKeys::new();
        let mut after = String::new();
        loop {
            let mut transaction = self.begin().await?;
            let ids = pending(&mut transaction, Owner { kind: OwnerKind::Campaign, id: campaign_id }, &after)
                .await?;
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

    /// Notes which values of the pending lines do not fit their columns; the lines are pending no more.
    pub async fn settle_typed_lines(&self, lease: &Lease, owner: Owner<'_>) -> Result<(), StoreError> {
        let doing = "noting which values do not fit";
        loop {
            let mut transaction = self.begin_repeatable().await?;
            let ids = lock_pending(&mut transaction, owner).await?;
            if ids.is_empty() {
                return Ok(());
            }
            for statement in [
                "delete from revox_sync.typed_misfits where kind = $1 and owner_id = $2 and line_id = any($3)",
                "insert into revox_sync.typed_misfits (kind, owner_id, line_id, column_name)
                 select $1, $2, l.line_id, c.name
                 from revox_sync.typed_lines l
                 join revox_sync.typed_views v on v.kind = $1 and v.owner_id = $2
                 cross join lateral jsonb_to_recordset(v.columns) as c (name text, source text, key text, type text)
                 where l.kind = $1
                   and l.owner_id = $2
                   and l.line_id = any($3)
                   and c.type <> 'text'
                   and revox_sync.is_misfit(
                       case c.source when 'input' then l.input_data else l.structured_output end -> c.key,
                       c.type
                   )",
                "delete from revox_sync.typed_pending where kind = $1 and owner_id = $2 and line_id = any($3)",
            ] {
                query(statement)
                    .bind(owner.kind.as_str())
                    .bind(owner.id)
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
}

/// Notes, in the transaction that writes them, that contacts and calls are to be looked at for the views that show them,
/// where there are any. One that somebody looks at just now waits for that, and is looked at again.
pub(super) async fn note_typed_lines(
    connection: &mut PgConnection,
    campaign_id: &str,
    row_ids: &[&str],
    call_ids: &[&str],
) -> Result<(), StoreError> {
    query(
        "insert into revox_sync.typed_pending (kind, owner_id, line_id)
         select 'campaign', $1, i.id
         from unnest($2::text[]) as i (id)
         where exists (select from revox_sync.typed_views v where v.kind = 'campaign' and v.owner_id = $1)
         union all
         select 'assistant', c.assistant_id, c.id
         from revox.calls c
         join revox_sync.typed_views v on v.kind = 'assistant' and v.owner_id = c.assistant_id
         where c.id = any($3)
         order by 1, 2, 3
         on conflict (kind, owner_id, line_id) do update set line_id = excluded.line_id",
    )
    .bind(campaign_id)
    .bind(row_ids)
    .bind(call_ids)
    .execute(connection)
    .await
    .map_err(StoreError::query("noting lines for typed views"))?;
    Ok(())
}

fn is_last(ids: &[String]) -> bool {
    i64::try_from(ids.len()).is_ok_and(|count| count < LINES_AT_ONCE)
}

/// Some of the pending lines of a view, those after `after`, in order.
async fn pending(
    connection: &mut PgConnection,
    owner: Owner<'_>,
    after: &str,
) -> Result<Vec<String>, StoreError> {
    query_scalar(
        "select line_id from revox_sync.typed_pending
         where kind = $1 and owner_id = $2 and line_id > $3
         order by line_id
         limit $4",
    )
    .bind(owner.kind.as_str())
    .bind(owner.id)
    .bind(after)
    .bind(LINES_AT_ONCE)
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("reading the lines that a typed view waits for"))
}

/// The first of the pending lines, which nobody can note again before the transaction has ended: what is read of them
/// after this is what was committed when they were noted, or later.
async fn lock_pending(connection: &mut PgConnection, owner: Owner<'_>) -> Result<Vec<String>, StoreError> {
    query_scalar(
        "select line_id from revox_sync.typed_pending
         where kind = $1 and owner_id = $2
         order by line_id
         limit $3
         for update",
    )
    .bind(owner.kind.as_str())
    .bind(owner.id)
    .bind(LINES_AT_ONCE)
    .fetch_all(connection)
    .await
    .map_err(StoreError::query("holding the lines that a typed view waits for"))
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
             where v.kind = 'campaign'
               and v.owner_id = $1
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
