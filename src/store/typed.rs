//! The views of the schemas `revox_campaigns` and `revox_assistants`: what is known of each, and making it.
//!
//! Owns the SQL, with `typed_lines`, which looks into what the views show. Which columns a view is to have is `typed`'s
//! business. Every write is under the lease on the view's owner.

use super::StoreError;
use super::lease::Lease;
use super::open::{Store, commit};
use super::statement::{query, query_scalar};
use crate::typed::{Column, Field, Impossible, Owner, OwnerKind, Plan, SeenValues, Source};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;

/// Names that are tried for a new view.
const MOST_NAMES: usize = 100;

/// How long making a view waits for those who read it; the next pass tries again.
const WAIT_FOR_READERS: &str = "set local lock_timeout = '3s'";

/// A view, as it is and as its lines and the assistant stand beside it.
#[derive(Debug, Clone)]
pub struct TypedView {
    /// The name of its owner.
    pub owner_name: Option<String>,
    /// Its own, in the schema of its kind; none until it was given one.
    pub name: Option<String>,
    /// Its columns behind the fixed ones.
    pub columns: Vec<Column>,
    /// What could not be done so far.
    pub impossible: Vec<Impossible>,
    /// What the database said when it could not be made.
    pub trouble: Option<String>,
    /// Whether it stands there as it was made.
    pub is_there: bool,
    /// Whether all its lines were looked at once.
    pub is_complete: bool,
    /// The assistant's fields.
    pub fields: Vec<Field>,
    /// Whether there is anything to do.
    pub is_due: bool,
}

/// Keys, each with what its values were.
pub type SeenKeys = BTreeMap<(Source, String), SeenValues>;

fn read_view(row: &PgRow) -> TypedView {
    TypedView {
        owner_name: row.get(0),
        name: row.get(1),
        columns: row.get::<Option<Json<_>>, _>(2).map(|columns| columns.0).unwrap_or_default(),
        impossible: row.get::<Option<Json<_>>, _>(3).map(|them| them.0).unwrap_or_default(),
        trouble: row.get(4),
        is_there: row.get(5),
        is_complete: row.get(6),
        fields: row.get::<Json<_>, _>(7).0,
        is_due: row.get(8),
    }
}

/// Waits until nobody else names or makes a view: two would choose the same name, and touch the schema at once.
async fn one_at_a_time(connection: &mut PgConnection) -> Result<(), StoreError> {
    query("select pg_advisory_xact_lock(hashtext('revox typed views'), 0)")
        .execute(connection)
        .await
        .map_err(StoreError::query("waiting for views that others make"))?;
    Ok(())
}

impl Store {
    /// Those of an account's live campaigns, or of all assistants, whose views are not up to date, by id.
    pub async fn due_typed_views(&self, kind: OwnerKind, account: &str) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select s.owner_id
             from revox_sync.typed_standing s
             where s.kind = $1 and (s.kind = 'assistant' or s.account = $2) and s.is_due
             order by s.owner_id",
        )
        .bind(kind.as_str())
        .bind(account)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for typed views that are not up to date"))
    }

    /// What is known of a view; none when nobody of the kind and id is to have one.
    pub async fn load_typed_view(&self, owner: Owner<'_>) -> Result<Option<TypedView>, StoreError> {
        let mut transaction = self.begin().await?;
        let row = query(
            "select s.owner_name, s.view_name, s.columns, s.impossible, s.trouble,
                    s.view_name is not null and s.state is null, s.refreshed_at is not null, s.fields, s.is_due
             from revox_sync.typed_standing s
             where s.kind = $1 and s.owner_id = $2",
        )
        .bind(owner.kind.as_str())
        .bind(owner.id)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("reading what is known of a typed view"))?;
        Ok(row.as_ref().map(read_view))
    }

    /// Gives a view the first of these names that nothing in the schema has.
    pub async fn begin_typed_view(
        &self,
        lease: &Lease,
        owner: Owner<'_>,
        names: impl Iterator<Item = String>,
    ) -> Result<String, StoreError> {
        let names: Vec<String> = names.take(MOST_NAMES).collect();
        let mut transaction = self.begin().await?;
        one_at_a_time(&mut transaction).await?;
        let name: String = query_scalar(
            "insert into revox_sync.typed_views (kind, owner_id, view_name)
             select $1, $2, n.name
             from unnest($3::text[]) with ordinality as n (name, place)
             where not exists (
                 select from revox_sync.typed_views v where v.kind = $1 and v.view_name = n.name
             )
               and revox_sync.typed_view_state($1, n.name, '[]') in ('no_schema', 'missing')
             order by n.place
             limit 1
             returning view_name",
        )
        .bind(owner.kind.as_str())
        .bind(owner.id)
        .bind(names)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("naming a typed view"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await?;
        Ok(name)
    }

    /// Makes a view, or adds columns at its end, and remembers them, in one transaction. Returns whether its schema had to
    /// be made, too.
    pub async fn make_typed_view(
        &self,
        lease: &Lease,
        owner: Owner<'_>,
        name: &str,
        columns: &[Column],
    ) -> Result<bool, StoreError> {
        let doing = "making a typed view";
        let about = match owner.kind {
            OwnerKind::Campaign => format!(
                "The live contacts of the campaign {}, one line each, with what is known of their calls.",
                owner.id
            ),
            OwnerKind::Assistant => format!(
                "The live calls of the assistant {} in all campaigns, one line each, with what they found out.",
                owner.id
            ),
        };
        let mut transaction = self.begin().await?;
        one_at_a_time(&mut transaction).await?;
        query(WAIT_FOR_READERS).execute(&mut *transaction).await.map_err(StoreError::query(doing))?;
        let schema_is_new: bool = query_scalar("select revox_sync.make_typed_view($1, $2, $3, $4, $5)")
            .bind(owner.kind.as_str())
            .bind(owner.id)
            .bind(name)
            .bind(about)
            .bind(Json(columns))
            .fetch_one(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        query("update revox_sync.typed_views set columns = $3 where kind = $1 and owner_id = $2")
            .bind(owner.kind.as_str())
            .bind(owner.id)
            .bind(Json(columns))
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await?;
        Ok(schema_is_new)
    }

    /// Notes that a view is up to date with these fields of the assistant.
    pub async fn finish_typed_view(
        &self,
        lease: &Lease,
        owner: Owner<'_>,
        plan: &Plan,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query(
            "update revox_sync.typed_views v
             set impossible = $3, trouble = null, refreshed_at = now(), fields_hash = md5(s.fields::text)
             from revox_sync.typed_standing s
             where v.kind = $1 and v.owner_id = $2 and s.kind = $1 and s.owner_id = $2",
        )
        .bind(owner.kind.as_str())
        .bind(owner.id)
        .bind(Json(&plan.impossible))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("noting that a typed view is up to date"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Notes why a view could not be made.
    pub async fn note_typed_trouble(
        &self,
        lease: &Lease,
        owner: Owner<'_>,
        trouble: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query("update revox_sync.typed_views set trouble = $3 where kind = $1 and owner_id = $2")
            .bind(owner.kind.as_str())
            .bind(owner.id)
            .bind(trouble)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("noting that a typed view could not be made"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }
}
