//! What a pass claimed, held against the truth.

use crate::coverage::Coverage;
use crate::edits::Edit;
use crate::support::truth::{Scope, differences_within, summary};
use crate::worker::Worker;
use crate::world::World;
use revox_mirror::simulator::{Requests, Simulator};
use std::collections::{BTreeMap, BTreeSet};

/// A line of `revox_sync.runs`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Claim {
    pub(crate) campaign_id: String,
    pub(crate) kind: String,
    pub(crate) outcome: Option<String>,
    pub(crate) rounds: Option<i64>,
    /// Why it is not complete.
    #[expect(dead_code, reason = "it is told when a case fails")]
    error: Option<String>,
}

/// What is known of a campaign's rows since it was last proven: their classes, by row.
type Classes = BTreeMap<String, &'static str>;

/// What the passes of a case have claimed so far.
#[derive(Default)]
pub(crate) struct Claims {
    /// The last line that was looked at.
    last: i64,
    /// Whether the account may have answered in another way before.
    pub(crate) keeps: bool,
    classes: BTreeMap<String, Classes>,
}

/// The class of a status: what a pass over filtered lists tells apart.
fn class(status: Option<&'static str>) -> &'static str {
    match status {
        None => "none",
        Some("completed" | "cancelled" | "errored") => "finished",
        Some("initializing" | "queued_for_calling" | "not_launched") => "waiting",
        Some("scheduled" | "paused") => "scheduled",
        Some(_) => "calling",
    }
}

/// Whether a campaign was asked for itself after its `number`th request for rows.
fn asked_after(requests: &Requests, campaign: &str, number: u64) -> bool {
    let itself = format!("GET /api/campaigns/{campaign}");
    let rows = format!("{itself}/rows");
    let mut seen = 0;
    requests.recent.iter().any(|request| {
        seen += u64::from(request.starts_with(&rows));
        seen >= number && *request == itself
    })
}

impl Claims {
    /// The lines that were written since the last time.
    pub(crate) async fn take(&mut self, worker: &Worker) -> Vec<Claim> {
        let lines: Vec<Claim> = sqlx::query_as(
            "select campaign_id, coalesce(kind, '') as kind, outcome, (evidence ->> 'rounds')::bigint as rounds, error
             from revox_sync.runs where id > $1 order by id",
        )
        .bind(self.last)
        .fetch_all(&worker.pool)
        .await
        .unwrap();
        self.last = sqlx::query_scalar("select coalesce(max(id), 0) from revox_sync.runs")
            .fetch_one(&worker.pool)
            .await
            .unwrap();
        lines
    }

    /// Compares what was claimed complete with the truth; gives the campaigns that a full walk has proven.
    pub(crate) async fn check(
        &mut self,
        claims: &[Claim],
        worker: &Worker,
        simulator: &Simulator,
        (world, requests): (&World, &Requests),
        coverage: &mut Coverage,
    ) -> Result<BTreeSet<String>, String> {
        let there: BTreeSet<String> = simulator.campaign_ids().into_iter().collect();
        let mut full = BTreeSet::new();
        for claim in claims {
            let outcome = claim.outcome.as_deref().unwrap_or("open");
            coverage.add(format!("runs: {} {outcome}", claim.kind), 1);
            let campaign = &claim.campaign_id;
            if outcome != "complete" || !there.contains(campaign) {
                continue;
            }
            // What the account said in its other way is not what it says now.
            if world.has_switched || world.begun_otherwise.contains(campaign) {
                coverage.add("complete runs over a switch", 1);
                continue;
            }
            // An edit after the last word that the campaign was asked for is not yet known to anyone.
            let edited = world.edited_at.get(campaign);
            // A walk that is made twice is claimed complete before the second time.
            let may_go_on = world.edits.contains_key(&Edit::ShareAttempt);
            if edited.is_some() && may_go_on
                || edited.is_some_and(|number| !asked_after(requests, campaign, *number))
            {
                coverage.add("complete runs with an edit behind them", 1);
                continue;
            }
            if edited.is_some() {
                coverage.add("complete runs over an edit during them", 1);
            }
            if claim.kind == "full" {
                full.insert(campaign.clone());
            } else if edited.is_none() && !world.hidden.contains(campaign) {
                self.check_incremental(campaign, worker, simulator, world).await?;
                coverage.add("incremental claims checked", 1);
            } else {
                continue;
            }
            let classes = simulator.edit(|account| {
                let rows = account.row_ids(campaign.as_str()).unwrap().into_iter().enumerate();
                rows.map(|(at, row)| (row, class(account.call_status(campaign.as_str(), at).unwrap())))
                    .collect()
            });
            self.classes.insert(campaign.clone(), classes);
        }
        coverage.add("full claims checked", u64::try_from(full.len()).unwrap());
        check_full(&full, self.keeps, worker, simulator, world).await?;
        Ok(full)
    }

    /// An incremental pass vouches for what its evidence shows: rows that came, and rows whose class changed.
    async fn check_incremental(
        &self,
        campaign: &str,
        worker: &Worker,
        simulator: &Simulator,
        world: &World,
    ) -> Result<(), String> {
        let lines: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
            "select r.id, c.id, c.status
             from revox.campaign_rows r
             left join revox.calls c on c.id = r.call_id and c._deleted_at is null
             where r.campaign_id = $1 and r._deleted_at is null",
        )
        .bind(campaign)
        .fetch_all(&worker.pool)
        .await
        .unwrap();
        let held: BTreeMap<String, (Option<String>, Option<String>)> =
            lines.into_iter().map(|(row, call, status)| (row, (call, status))).collect();
        let known_calls: BTreeSet<String> =
            worker.column("select id from revox.calls").await.into_iter().collect();
        let spoilt = simulator.edit(|account| world.spoilt_rows(account, campaign));
        let rows = simulator.edit(|account| account.row_ids(campaign)).unwrap();
        if held.len() != rows.len() && spoilt.is_empty() {
            return Err(format!("incremental: {} rows of {} in {campaign}", held.len(), rows.len()));
        }
        let known = self.classes.get(campaign);
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| !spoilt.contains(*row)) {
            let (call, status) = simulator.edit(|account| {
                (account.call_id(campaign, at).unwrap(), account.call_status(campaign, at).unwrap())
            });
            if known.and_then(|known| known.get(row)) == Some(&class(status)) {
                continue;
            }
            // The newer API's search shows calls and no rows: which rows there are and have a call is not in it, as
            // long as their number is the same.
            let is_new =
                |call: &Option<String>| call.as_ref().is_some_and(|call| !known_calls.contains(call));
            let is_as_held = held.get(row).is_some_and(|(held, _)| *held == call || is_new(&call));
            if simulator.flavour().is_newer() && !is_as_held {
                continue;
            }
            let shown = (call, status.map(str::to_owned));
            if held.get(row) != Some(&shown) {
                return Err(format!("incremental: row {row} is {:?} and should be {shown:?}", held.get(row)));
            }
        }
        Ok(())
    }
}

/// What full walks vouch for: everything in their campaigns.
async fn check_full(
    campaigns: &BTreeSet<String>,
    keeps: bool,
    worker: &Worker,
    simulator: &Simulator,
    world: &World,
) -> Result<(), String> {
    if campaigns.is_empty() {
        return Ok(());
    }
    let mut scope = Scope { campaigns: Some(campaigns.clone()), spoilt: BTreeSet::new(), keeps };
    let mut whole = Vec::new();
    for campaign in campaigns {
        let mut spoilt = simulator.edit(|account| world.spoilt_rows(account, campaign));
        let rejects: i64 = sqlx::query_scalar(
            "select count(distinct row_key) from revox_sync.rejects where campaign_id = $1",
        )
        .bind(campaign)
        .fetch_one(&worker.pool)
        .await
        .unwrap();
        if usize::try_from(rejects).unwrap() != spoilt.len() {
            return Err(format!(
                "{rejects} rows of {campaign} are rejected, and {} are spoilt",
                spoilt.len()
            ));
        }
        if spoilt.is_empty() {
            whole.push(campaign.clone());
        }
        scope.spoilt.append(&mut spoilt);
    }
    let mut differences = differences_within(simulator, &worker.pool, &scope).await;
    let orphans: Vec<String> = sqlx::query_scalar(
        "select c.id from revox.calls c
         where c.campaign_id = any($1) and c._deleted_at is null
           and not exists (select 1 from revox.campaign_rows r where r.call_id = c.id and r._deleted_at is null)",
    )
    .bind(whole)
    .fetch_all(&worker.pool)
    .await
    .unwrap();
    differences.extend(orphans.iter().map(|call| format!("calls {call} is live, and no row shows it")));
    if differences.is_empty() { Ok(()) } else { Err(format!("claimed complete: {}", summary(&differences))) }
}
