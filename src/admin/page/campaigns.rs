//! The campaigns, a line each, with the passes under way; and the last passes.

use super::{View, time, time_or_never};
use crate::observe::PassBoard;
use crate::store::{CampaignStatus, RunStatus};
use maud::{Markup, html};
use std::collections::HashSet;

/// The table of campaigns.
pub(super) fn render(view: &View<'_>) -> Markup {
    let Ok(picture) = view.taken else {
        return html! { p .quiet { "They cannot be read at the moment." } };
    };
    let status = &picture.status;
    // Passes of other processes, as the database has them.
    let elsewhere: HashSet<&str> = status
        .runs
        .iter()
        .filter(|run| run.is_under_way)
        .filter_map(|run| run.campaign_id.as_deref())
        .filter(|id| !view.board.passes.contains_key(*id))
        .collect();
    let unknown =
        view.board.passes.iter().filter(|(id, _)| !status.campaigns.iter().any(|it| it.campaign_id == **id));
    html! {
        @if status.campaigns.is_empty() && view.board.passes.is_empty() {
            p .quiet { "There is none yet: no list has shown one." }
        } @else {
            div .scroll role="region" aria-labelledby="campaigns-heading" tabindex="0" {
                table {
                    caption .hidden { "Live campaigns, how fresh each is, and what its last pass did" }
                    thead {
                        tr {
                            th scope="col" { "Campaign" }
                            th scope="col" { "Complete as of" }
                            th scope="col" .number { "Rows" }
                            th scope="col" .number { "Calls" }
                            th scope="col" .number { "Open" }
                            th scope="col" .number { "Unsettled" }
                            th scope="col" { "Last pass" }
                            th scope="col" .number { "Requests" }
                        }
                    }
                    tbody {
                        @for campaign in &status.campaigns {
                            (line(view, campaign, elsewhere.contains(campaign.campaign_id.as_str())))
                        }
                        @for (id, pass) in unknown {
                            tr data-campaign=(id) {
                                th scope="row" { (pass.name) (progress(pass)) }
                                td .when { "never" }
                                td colspan="6" .quiet { "its first pass is under way" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn line(view: &View<'_>, campaign: &CampaignStatus, is_elsewhere: bool) -> Markup {
    let id = &campaign.campaign_id;
    let name = campaign.campaign_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(id);
    let is_stale = view.is_stale(campaign.complete_through);
    html! {
        tr data-campaign=(id) {
            th scope="row" {
                (name)
                @if let Some(pass) = view.board.passes.get(id) { (progress(pass)) }
                @if is_elsewhere { " " span .badge.going { "under way" } }
            }
            td .when {
                @if is_stale && campaign.complete_through.is_some() { span .badge.warn { "stale" } " " }
                (time_or_never(campaign.complete_through, view.now))
            }
            td .number { (campaign.rows_live) }
            td .number { (campaign.calls_live) }
            td .number { (campaign.calls_open) }
            td .number { (campaign.calls_unsettled) }
            td {
                (outcome(campaign.last_outcome.as_deref()))
                " " span .quiet { (campaign.last_kind.as_deref().unwrap_or_default()) }
            }
            td .number { @if let Some(requests) = campaign.last_requests { (requests) } }
        }
    }
}

/// A pass of this process, as it moves.
fn progress(pass: &PassBoard) -> Markup {
    let (done, total) = (pass.at.rows_done, pass.at.rows_total);
    let words = match total {
        Some(total) => format!("{done} of {total} rows"),
        None => format!("{done} rows"),
    };
    html! {
        div .small.quiet {
            @match total {
                Some(total) => progress max=(total.max(1)) value=(done.min(total)) aria-label=(format!("Pass over {}", pass.name)) { (words) },
                None => progress aria-label=(format!("Pass over {}", pass.name)) { (words) },
            }
            span .rows-done { (words) }
        }
    }
}

fn outcome(outcome: Option<&str>) -> Markup {
    let kind = match outcome {
        Some("complete") => "good",
        Some("partial") => "warn",
        Some("failed" | "suspicious") => "bad",
        _ => return html! { span .quiet { (outcome.unwrap_or("none yet")) } },
    };
    html! { span .badge.(kind) { (outcome.unwrap_or_default()) } }
}

/// What the last passes did and cost.
pub(super) fn render_runs(view: &View<'_>) -> Markup {
    let Ok(picture) = view.taken else {
        return html! { p .quiet { "They cannot be read at the moment." } };
    };
    let runs = &picture.status.runs;
    html! {
        @if runs.is_empty() {
            p .quiet { "There was none yet." }
        } @else {
            div .scroll role="region" aria-labelledby="runs-heading" tabindex="0" {
                table {
                    caption .hidden { "The last passes, the newest first" }
                    thead {
                        tr {
                            th scope="col" { "Began" }
                            th scope="col" { "Campaign" }
                            th scope="col" { "Outcome" }
                            th scope="col" .number { "Requests" }
                            th scope="col" .number { "Seen" }
                            th scope="col" .number { "New" }
                            th scope="col" .number { "Changed" }
                            th scope="col" .number { "Gone" }
                            th scope="col" { "Why" }
                        }
                    }
                    tbody { @for run in runs { (run_line(view, run)) } }
                }
            }
        }
    }
}

fn run_line(view: &View<'_>, run: &RunStatus) -> Markup {
    let name = run.campaign_name.as_deref().or(run.campaign_id.as_deref()).unwrap_or_default();
    let why = match (&run.fell_back, &run.why) {
        (Some(fell_back), _) => format!("read in full: {fell_back}"),
        (None, why) => why.clone().unwrap_or_default(),
    };
    // They are written when a pass ends: one under way or broken off has none.
    let figures = [run.requests, run.rows_seen, run.rows_inserted, run.rows_updated, run.rows_tombstoned];
    let has_figures = run.outcome.is_some() && run.requests > 0;
    html! {
        tr {
            td .when { (time(run.started_at, view.now)) }
            th scope="row" { (name) }
            td {
                @if run.is_under_way { span .badge.going { "under way" } } @else {
                    (outcome(Some(run.outcome.as_deref().unwrap_or("broken off"))))
                }
                " " span .quiet { (run.kind.as_deref().unwrap_or_default()) }
            }
            @for figure in figures {
                td .number { @if has_figures { (figure) } }
            }
            td .quiet.small {
                (why)
                @if let Some(error) = &run.error { @if !why.is_empty() { "; " } (error) }
            }
        }
    }
}
