//! The views of single campaigns, brought up to date after passes: apart from their transactions, and never a reason for
//! a pass to fail.

use super::campaign::keep;
use crate::store::{Holder, Lease, Store, StoreError, TypedView};
use crate::typed::{Obstacle, Plan, plan, view_names};

/// Brings the views of an account's campaigns up to date that are not. When all are, it costs one statement.
pub(super) async fn refresh_views(store: &Store, account: &str) {
    let due = match store.due_typed_views(account).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, account, "the views of campaigns could not be looked at; the next pass does so again");
            return;
        }
    };
    for campaign in due {
        refresh_view(store, &campaign).await;
    }
}

/// Brings a campaign's view up to date with its rows and its assistant's fields, unless another process works on the
/// campaign: that one will. When there is nothing to do, it costs one statement.
pub(super) async fn refresh_view(store: &Store, campaign: &str) {
    if let Err(error) = try_to_refresh(store, campaign).await {
        tracing::warn!(%error, campaign, "a campaign's view could not be brought up to date; the next pass tries again");
    }
}

async fn try_to_refresh(store: &Store, campaign: &str) -> Result<(), StoreError> {
    let is_due = |view: &Option<TypedView>| view.as_ref().is_some_and(|view| view.is_due);
    if !is_due(&store.load_typed_view(campaign).await?) {
        return Ok(());
    }
    let scope = format!("campaign:{campaign}");
    let Some(lease) = store.take_lease(&scope, &Holder::this_process()).await? else { return Ok(()) };
    let keeper = keep(store.clone(), lease.clone());
    // Another process may have done it meanwhile.
    let refreshed = match store.load_typed_view(campaign).await {
        Ok(Some(view)) if view.is_due => refresh_under(store, &lease, campaign, view).await,
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    drop(keeper);
    store.release_lease(&lease).await?;
    refreshed
}

async fn refresh_under(
    store: &Store,
    lease: &Lease,
    campaign: &str,
    view: TypedView,
) -> Result<(), StoreError> {
    let name = if let Some(name) = view.name.clone() {
        name
    } else {
        let names = view_names(view.campaign_name.as_deref(), campaign);
        store.begin_typed_view(lease, campaign, names).await?
    };
    let seen = store.seen_keys(campaign).await?;
    let plan = plan(&view.columns, &view.impossible, &view.fields, &seen);
    if plan.columns != view.columns || !view.is_there {
        match store.make_typed_view(lease, campaign, &name, &plan.columns).await {
            Ok(()) => {
                let (columns, new) = (plan.columns.len(), plan.columns.len() - view.columns.len());
                if view.is_there {
                    tracing::info!(
                        campaign,
                        view = name,
                        columns,
                        new,
                        "a campaign's view has new columns or comments"
                    );
                } else {
                    tracing::info!(campaign, view = name, columns, "a campaign's view was made");
                }
            }
            // It is somebody else's turn, or the lease is: the rows stay pending.
            Err(error @ (StoreError::LeaseLost { .. } | StoreError::Away { .. })) => return Err(error),
            Err(error) => return give_up(store, lease, campaign, &name, (&view, &error)).await,
        }
    }
    warn_of(campaign, &name, &view, &plan);
    store.settle_typed_rows(lease, campaign).await?;
    store.finish_typed_view(lease, campaign, &plan).await
}

/// Says once why a view cannot be made; it is tried again after every pass that has something for it.
async fn give_up(
    store: &Store,
    lease: &Lease,
    campaign: &str,
    name: &str,
    (view, error): (&TypedView, &StoreError),
) -> Result<(), StoreError> {
    let trouble = error.to_string();
    if view.trouble.as_ref() == Some(&trouble) {
        tracing::debug!(campaign, view = name, trouble, "a campaign's view still cannot be made or changed");
        return Ok(());
    }
    tracing::warn!(
        campaign,
        view = name,
        trouble,
        "a campaign's view could not be made or changed; what it shows stays as it is, and it is tried again"
    );
    store.note_typed_trouble(lease, campaign, &trouble).await
}

/// Says what could not be done and was not said before.
fn warn_of(campaign: &str, name: &str, view: &TypedView, plan: &Plan) {
    let is_new = |it: &&crate::typed::Impossible| !view.impossible.contains(it);
    let left_out =
        plan.impossible.iter().filter(is_new).filter(|it| it.obstacle == Obstacle::LeftOut).count();
    if left_out > 0 {
        tracing::warn!(
            campaign,
            view = name,
            left_out,
            "keys have no column in a campaign's view; revox_sync.typed_views says which and why"
        );
    }
    for it in plan.impossible.iter().filter(is_new).filter(|it| it.obstacle == Obstacle::TypeKept) {
        tracing::warn!(campaign, view = name, field = it.key, why = it.why, "a column keeps its type");
    }
}
