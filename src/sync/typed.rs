//! The views of single campaigns and assistants, brought up to date after passes: apart from their transactions, and never
//! a reason for a pass to fail.

use super::leases::keep;
use crate::store::{Holder, Lease, SeenKeys, Store, StoreError, TypedView};
use crate::typed::{Impossible, Obstacle, Owner, OwnerKind, Plan, plan, view_names};
use futures::{StreamExt, stream};

/// Views that are brought up to date at once.
const SIDE_BY_SIDE: usize = 4;

/// Brings the views of an account's campaigns, or of all assistants, up to date that are not. When all are, it costs one
/// statement.
pub(super) async fn refresh_views(store: &Store, kind: OwnerKind, account: &str) {
    let due = match store.due_typed_views(kind, account).await {
        Ok(due) => due,
        Err(error) => {
            let kind = kind.as_str();
            tracing::warn!(%error, account, kind, "typed views could not be looked at; the next pass does so again");
            return;
        }
    };
    let refresh = |id: String| async move { refresh_view(store, Owner { kind, id: &id }).await };
    let mut due = due.into_iter();
    // The first one makes the schema where it is missing, and others are given to read what comes after it.
    if let Some(first) = due.next() {
        refresh(first).await;
    }
    stream::iter(due).for_each_concurrent(SIDE_BY_SIDE, refresh).await;
}

/// Brings a view up to date with its lines and the assistant's fields, unless another process works on its owner: that one
/// will. When there is nothing to do, it costs one statement.
pub(super) async fn refresh_view(store: &Store, owner: Owner<'_>) {
    if let Err(error) = try_to_refresh(store, owner).await {
        let whose = owner.kind.possessive();
        tracing::warn!(%error, owner = owner.id, "{whose} view could not be brought up to date; the next pass tries again");
    }
}

async fn try_to_refresh(store: &Store, owner: Owner<'_>) -> Result<(), StoreError> {
    let is_due = |view: &Option<TypedView>| view.as_ref().is_some_and(|view| view.is_due);
    let found = store.load_typed_view(owner).await?;
    if !is_due(&found) {
        return Ok(());
    }
    let scope = format!("{}:{}", owner.kind.as_str(), owner.id);
    let Some(lease) = store.take_lease(&scope, &Holder::this_process()).await? else { return Ok(()) };
    let keeper = keep(store.clone(), lease.clone());
    // All lines are looked at by joins, and the planner may know nothing of them yet.
    if found.is_some_and(|view| !view.is_complete) {
        store.tell_the_planner().await?;
    }
    // Another process may have done it meanwhile.
    let refreshed = match store.load_typed_view(owner).await {
        Ok(Some(view)) if view.is_due => Refresh { store, lease: &lease, owner, view }.run().await,
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    drop(keeper);
    store.release_lease(&lease).await?;
    refreshed
}

/// A view that is due, under the lease on its owner.
struct Refresh<'a> {
    store: &'a Store,
    lease: &'a Lease,
    owner: Owner<'a>,
    view: TypedView,
}

impl Refresh<'_> {
    async fn run(&self) -> Result<(), StoreError> {
        let Self { store, lease, owner, view } = self;
        let name = if let Some(name) = &view.name {
            name.clone()
        } else {
            let names = view_names(*owner, view.owner_name.as_deref());
            store.begin_typed_view(lease, *owner, names).await?
        };
        let seen = match owner.kind {
            OwnerKind::Campaign => {
                if !view.is_complete {
                    store.look_at_all_typed_lines(lease, *owner).await?;
                }
                store.seen_keys(owner.id).await?
            }
            OwnerKind::Assistant => SeenKeys::new(),
        };
        let plan = plan(owner.kind, (&view.columns, &view.impossible), &view.fields, &seen);
        if plan.columns != view.columns || !view.is_there {
            match store.make_typed_view(lease, *owner, &name, &plan.columns).await {
                Ok(schema_is_new) => self.say_made(&name, &plan, schema_is_new).await,
                // It is somebody else's turn, or the lease is: the lines stay pending.
                Err(error @ (StoreError::LeaseLost { .. } | StoreError::Away { .. })) => return Err(error),
                Err(error) => return self.give_up(&name, &error).await,
            }
        }
        // What calls have found out before their assistant was told to find it has had no column so far.
        let is_wider = !view.is_complete || plan.columns.len() > view.columns.len();
        if owner.kind == OwnerKind::Assistant && is_wider {
            store.look_at_all_typed_lines(lease, *owner).await?;
        }
        self.warn_of(&name, &plan);
        store.settle_typed_lines(lease, *owner).await?;
        store.finish_typed_view(lease, *owner, &plan).await
    }

    async fn say_made(&self, name: &str, plan: &Plan, schema_is_new: bool) {
        let (whose, owner) = (self.owner.kind.possessive(), self.owner.id);
        let (columns, new) = (plan.columns.len(), plan.columns.len() - self.view.columns.len());
        if self.view.is_there {
            tracing::info!(owner, view = name, columns, new, "{whose} view has new columns or comments");
        } else {
            tracing::info!(owner, view = name, columns, "{whose} view was made");
        }
        if schema_is_new {
            let schema = self.owner.kind.schema();
            tracing::info!(schema, "the schema of typed views was not there and was made");
            // The rights on a schema go with it.
            if let Err(error) = self.store.share().await {
                tracing::warn!(%error, schema, "it is not known who may read the schema; revox-mirror check tells more");
            }
        }
    }

    /// Says once why a view cannot be made; it is tried again after every pass.
    async fn give_up(&self, name: &str, error: &StoreError) -> Result<(), StoreError> {
        let (whose, owner) = (self.owner.kind.possessive(), self.owner.id);
        let trouble = error.to_string();
        if self.view.trouble.as_ref() == Some(&trouble) {
            tracing::debug!(owner, view = name, trouble, "{whose} view still cannot be made or changed");
            return Ok(());
        }
        tracing::warn!(
            owner,
            view = name,
            trouble,
            "{whose} view could not be made or changed; what it shows stays as it is, it is tried again, and revox-mirror \
             status says what to do"
        );
        self.store.note_typed_trouble(self.lease, self.owner, &trouble).await
    }

    /// Says what could not be done and was not said before.
    fn warn_of(&self, name: &str, plan: &Plan) {
        let (whose, owner) = (self.owner.kind.possessive(), self.owner.id);
        let is_new = |it: &&Impossible| !self.view.impossible.contains(it);
        let left_out =
            plan.impossible.iter().filter(is_new).filter(|it| it.obstacle == Obstacle::LeftOut).count();
        if left_out > 0 {
            tracing::warn!(
                owner,
                view = name,
                left_out,
                "keys have no column in {whose} view; revox_sync.typed_views says which and why"
            );
        }
        for it in plan.impossible.iter().filter(is_new).filter(|it| it.obstacle == Obstacle::TypeKept) {
            tracing::warn!(owner, view = name, field = it.key, why = it.why, "a column keeps its type");
        }
    }
}
