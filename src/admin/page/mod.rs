//! The status page: one page, rendered here, in parts that are replaced when they change.
//!
//! Works without JavaScript: the page is then as it was when it was loaded. No inline style or script, so that the content
//! policy can refuse both.

mod campaigns;
mod charts;
mod troubles;

use super::picture::{Picture, Taken};
use crate::observe::{BoardState, ago, api_words, counted};
use crate::records::Time;
use chrono::TimeDelta;
use maud::{DOCTYPE, Markup, html};
use std::collections::HashMap;

pub(super) const STYLE: &str = include_str!("page.css");
pub(super) const SCRIPT: &str = include_str!("page.js");

/// What the page is made from.
pub(super) struct View<'a> {
    pub(super) now: Time,
    /// When the program started.
    pub(super) started_at: Time,
    pub(super) board: BoardState,
    pub(super) taken: &'a Taken,
    /// The age above which a copy is stale.
    pub(super) max_age: TimeDelta,
    pub(super) connection_line: Option<&'a str>,
}

impl View<'_> {
    /// Whether a pass is under way, in this process or in another one.
    fn is_anything_under_way(&self) -> bool {
        let is_elsewhere = |picture: &Picture| picture.status.runs.iter().any(|run| run.is_under_way);
        !self.board.passes.is_empty() || self.taken.as_ref().is_ok_and(|picture| is_elsewhere(picture))
    }

    /// Whether a copy of this time is stale.
    fn is_stale(&self, at: Option<Time>) -> bool {
        at.is_none_or(|at| self.now - at > self.max_age)
    }
}

/// The parts that change, by the id of the element that holds them.
pub(super) fn parts(view: &View<'_>) -> Vec<(&'static str, String)> {
    let mut parts = vec![
        ("state", state(view).into_string()),
        ("since", since(view).into_string()),
        ("troubles", troubles::render(view).into_string()),
        ("campaigns", campaigns::render(view).into_string()),
        ("runs", campaigns::render_runs(view).into_string()),
    ];
    if let Ok(picture) = view.taken {
        parts.push(("days", charts::render_days(&picture.activity).into_string()));
        parts.push(("results", charts::render_results(&picture.activity).into_string()));
    }
    parts
}

/// The whole page.
pub(super) fn render(view: &View<'_>) -> Markup {
    let mut parts: HashMap<&str, String> = parts(view).into_iter().collect();
    let mut part = |id: &str| maud::PreEscaped(parts.remove(id).unwrap_or_default());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "revox-mirror" }
                link rel="stylesheet" href="/page.css";
                link rel="icon" href="data:,";
                script src="/page.js" defer {}
            }
            body {
                p #lost .bad role="status" hidden { "The connection to the mirror is lost; it is tried again." }
                a .hidden.skip href="#campaigns-heading" { "Skip to the campaigns" }
                header {
                    h1 { "revox-mirror" }
                    div #state role="status" { (part("state")) }
                    div #since { (part("since")) }
                }
                main {
                    div #troubles { (part("troubles")) }
                    section aria-labelledby="campaigns-heading" {
                        h2 #campaigns-heading tabindex="-1" { "Campaigns" }
                        div #campaigns { (part("campaigns")) }
                    }
                    div .pair {
                        section aria-labelledby="days-heading" {
                            h2 #days-heading { "Calls of the last 30 days" }
                            div #days { (part("days")) }
                        }
                        section aria-labelledby="results-heading" {
                            h2 #results-heading { "What came of them" }
                            div #results { (part("results")) }
                        }
                    }
                    section aria-labelledby="runs-heading" {
                        h2 #runs-heading { "The last passes" }
                        div #runs { (part("runs")) }
                    }
                    @if let Some(line) = view.connection_line {
                        section aria-labelledby="connect-heading" {
                            h2 #connect-heading { "Ask in SQL" }
                            p .quiet { "Connect psql or a BI tool to the schema revox. The password is not shown here." }
                            pre { (line) }
                        }
                    }
                }
                footer .quiet.small {
                    p {
                        "revox-mirror " (env!("CARGO_PKG_VERSION")) ", started " (time(view.started_at, view.now)) ". "
                        a href="/metrics" { "Metrics" } " · " a href="/readyz" { "Readiness" }
                    }
                }
            }
        }
    }
}

/// How it stands, in one sentence that changes only when that does: it is read out to whoever listens.
fn state(view: &View<'_>) -> Markup {
    let (words, kind) = sentence(view);
    html! { p .headline { span .badge.(kind.0) { (kind.1) } " " (words) } }
}

/// As of when, and when somebody looks next.
fn since(view: &View<'_>) -> Markup {
    let next = view.board.accounts.values().filter_map(|account| account.next_look_at).min();
    let campaigns =
        view.taken.as_ref().map(|picture| picture.status.campaigns.as_slice()).unwrap_or_default();
    let oldest = campaigns.iter().map(|campaign| campaign.complete_through).min().flatten();
    let accounts = view.taken.as_ref().map(|picture| picture.status.accounts.as_slice()).unwrap_or_default();
    html! {
        p .quiet.small {
            @if let Some(oldest) = oldest {
                @if campaigns.len() > 1 { "The least fresh copy" } @else { "The copy" }
                " is complete as of " (time(oldest, view.now)) ". "
            }
            @for account in accounts {
                @if let Some(words) = api_words(account.api.as_deref()) {
                    "Account " (account.name) ": " (words)
                    @if let Some(since) = account.api_since { ", found so " (time(since, view.now)) }
                    ". "
                }
            }
            @if view.board.is_draining {
                "The daemon is stopping: what is under way is committed first."
            } @else if let Some(next) = next {
                "The next look is due at " time datetime=(next.to_rfc3339()) { (next.format("%H:%M:%S UTC")) } "."
            }
        }
    }
}

/// A class and its word, so that colour is not all that tells.
type Kind = (&'static str, &'static str);

fn sentence(view: &View<'_>) -> (String, Kind) {
    let parked: Vec<&str> = view
        .board
        .accounts
        .iter()
        .filter(|(_, account)| account.trouble.as_ref().is_some_and(|trouble| trouble.is_parked))
        .map(|(name, _)| name.as_str())
        .collect();
    if !parked.is_empty() {
        return (format!("Somebody has to act: account {} is parked", parked.join(", ")), ("bad", "Parked"));
    }
    let Ok(picture) = view.taken else {
        return ("The database cannot be read".to_owned(), ("bad", "Away"));
    };
    let campaigns = &picture.status.campaigns;
    let count = i64::try_from(campaigns.len()).unwrap_or(i64::MAX);
    let stale = campaigns.iter().filter(|campaign| view.is_stale(campaign.complete_through)).count();
    let stale = i64::try_from(stale).unwrap_or(i64::MAX);
    if campaigns.is_empty() {
        return ("The mirror holds no campaign yet".to_owned(), ("warn", "Empty"));
    }
    let never = campaigns.iter().filter(|campaign| campaign.complete_through.is_none()).count();
    if stale > 0 && i64::try_from(never) == Ok(stale) && view.is_anything_under_way() {
        let words = format!("The first copy of {} is being made", counted(stale, "campaign", "campaigns"));
        return (words, ("going", "First copy"));
    }
    if stale > 0 {
        let words = match count {
            1 => "The campaign is stale".to_owned(),
            _ => format!(
                "{stale} of {} {} stale",
                counted(count, "campaign", "campaigns"),
                if stale == 1 { "is" } else { "are" }
            ),
        };
        return (words, ("warn", "Stale"));
    }
    let words = match count {
        1 => "The campaign is fresh".to_owned(),
        _ => format!("All {count} campaigns are fresh"),
    };
    let troubled = i64::try_from(view.board.campaigns.len()).unwrap_or(i64::MAX);
    if troubled > 0 {
        let words = format!("{words}, and {} trouble", counted(troubled, "campaign has", "campaigns have"));
        return (words, ("warn", "Trouble"));
    }
    (words, ("good", "Fresh"))
}

/// A time: how long ago, and exactly for whoever asks.
fn time(at: Time, now: Time) -> Markup {
    html! { time datetime=(at.to_rfc3339()) title=(at.format("%Y-%m-%d %H:%M:%S UTC")) { (ago(Some(at), now)) } }
}

fn time_or_never(at: Option<Time>, now: Time) -> Markup {
    if let Some(at) = at {
        time(at, now)
    } else {
        html! { "never" }
    }
}
