//! The campaigns that the list no longer shows: asked for one by one, tombstoned when they are gone for certain.

use super::list::Listing;
use super::{Mirror, PassOptions, SyncError};
use crate::api::ApiError;
use crate::plan::{Suspicion, objection, vanishing};
use crate::store::{Lease, Store, StoreError};
use chrono::TimeDelta;
use std::collections::HashSet;

/// Passes in a row that must find a campaign gone before it is tombstoned.
const STRIKES: u32 = 2;

/// Answers in a row that say nothing after which no more is asked: the API has other troubles.
const FAILURES: u32 = 3;

/// What was done about campaigns that the list no longer shows.
#[derive(Debug, Default)]
pub(super) struct Burial {
    /// Campaigns that were tombstoned.
    pub(super) tombstoned: u64,
    /// Why a person should look.
    pub(super) suspicious: Option<String>,
}

impl Burial {
    fn suspicious(reason: String) -> Self {
        Self { tombstoned: 0, suspicious: Some(reason) }
    }
}

/// What the API says of campaigns that its list does not show.
#[derive(Debug, Default)]
struct Asked {
    /// Gone, in enough passes.
    gone: Vec<String>,
    /// Gone in too few passes yet, or not to be had for another reason.
    undecided: Vec<String>,
}

/// Looks after the campaigns that the list no longer shows.
///
/// A campaign is gone when the API says 404 of it in two passes in a row, and not when so many would vanish
/// that a person should look first. What is undecided counts among those that would vanish: the guard is not
/// passed by by way of one campaign after the other.
pub(super) async fn bury(
    mirror: &Mirror,
    store: &Store,
    lease: &Lease,
    listing: &Listing,
    options: &PassOptions,
) -> Result<Burial, SyncError> {
    let live = store.live_campaigns(&mirror.account).await?;
    let held = store.load_account(&mirror.account).await?;
    let now = mirror.clock.now();
    let listed: HashSet<&str> = listing.campaigns.iter().map(|it| it.campaign().id.as_str()).collect();
    let absent: Vec<&str> = live.iter().map(String::as_str).filter(|id| !listed.contains(id)).collect();
    if !absent.is_empty() && !listing.unreadable.is_empty() {
        // It may be one of those that cannot be read.
        return Ok(Burial { tombstoned: 0, suspicious: held.suspicion.map(|it| still(it, live.len())) });
    }
    // A pass over some campaigns accepts nothing about the others.
    let accepts = options.accept_deletions && options.campaigns.is_empty();
    let every = TimeDelta::from_std(mirror.settings.full_walk_every).unwrap_or(TimeDelta::MAX);
    let rests = !accepts && held.suspicion.is_some_and(|it| it.rests(now, every));
    let (resting, due): (Vec<&str>, Vec<&str>) =
        absent.into_iter().partition(|id| rests && held.suspicious_campaigns.contains(*id));
    let mut asked = Asked::default();
    ask(mirror, store, lease, &due, &mut asked).await?;
    let all = count(live.len());
    // A fifth of at least five, or all.
    let tolerated = if live.len() < 5 { u64::MAX } else { 0 };
    if let (Some(suspicion), true) = (held.suspicion, asked.gone.is_empty())
        && vanishing(all, count(resting.len()), tolerated).is_some()
    {
        return Ok(Burial::suspicious(still(suspicion, live.len())));
    }
    ask(mirror, store, lease, &resting, &mut asked).await?;

    let vanishing: Vec<&str> = asked.gone.iter().chain(&asked.undecided).map(String::as_str).collect();
    if asked.gone.is_empty() && !vanishing.is_empty() {
        // One pass proves nothing, neither that they are gone nor that they are back.
        let suspicious = held.suspicion.map(|it| still(it, live.len()));
        return Ok(Burial { tombstoned: 0, suspicious: suspicious.or_else(|| emptied(listing, live.len())) });
    }
    let reported = accepts.then_some(&held.suspicious_campaigns);
    if let Some(reason) = objection(all, &vanishing, tolerated, reported) {
        tracing::error!(%reason, "campaigns are gone from the API; none was tombstoned");
        let vanishing: Vec<String> = vanishing.into_iter().map(ToOwned::to_owned).collect();
        store.suspect_campaigns(lease, &mirror.account, &vanishing, now).await?;
        return Ok(Burial::suspicious(reason));
    }
    if !asked.gone.is_empty() || held.suspicion.is_some() {
        store.tombstone_campaigns(lease, &mirror.account, &asked.gone, now).await?;
    }
    let tombstoned = count(asked.gone.len());
    let suspicious = if tombstoned == 0 { emptied(listing, live.len()) } else { None };
    Ok(Burial { tombstoned, suspicious })
}

/// Asks for each campaign, and adds what comes of it to `asked`.
async fn ask(
    mirror: &Mirror,
    store: &Store,
    lease: &Lease,
    ids: &[&str],
    asked: &mut Asked,
) -> Result<(), StoreError> {
    let mut failures = 0;
    for id in ids {
        if failures >= FAILURES {
            asked.undecided.push((*id).to_owned());
            continue;
        }
        match mirror.client.fetch_campaign(id).await {
            Ok(_) => {
                failures = 0;
                store.forgive_campaign(lease, id).await?;
                tracing::warn!(campaign = %id, "the list does not show a campaign that the API still has");
            }
            Err(error) if error.is_not_found() => {
                failures = 0;
                let is_gone = store.strike_campaign(lease, id).await? >= STRIKES;
                let list = if is_gone { &mut asked.gone } else { &mut asked.undecided };
                list.push((*id).to_owned());
            }
            Err(error) => {
                // A key that is refused altogether is not tried on every campaign.
                let is_hopeless = matches!(error, ApiError::Refused { status: 401 });
                failures = if is_hopeless { FAILURES } else { failures + 1 };
                tracing::warn!(campaign = %id, %error, "a campaign that the list does not show");
                asked.undecided.push((*id).to_owned());
            }
        }
    }
    Ok(())
}

fn still(suspicion: Suspicion, live: usize) -> String {
    format!("{} of {live} would vanish, as an earlier pass has reported", suspicion.deletions)
}

/// A list without any campaign is worth a look, whatever the API says of the campaigns themselves.
fn emptied(listing: &Listing, live: usize) -> Option<String> {
    (listing.campaigns.is_empty() && live > 0)
        .then(|| format!("the list is empty, and the mirror holds {live}; two passes must find them gone"))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
