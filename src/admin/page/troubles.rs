//! What went wrong, and what to do: from the board, what this daemon runs into; from the database, what is held there.

use super::{View, time};
use crate::observe::{Trouble, counted};
use crate::records::Time;
use crate::store::{Status, TypedTrouble};
use maud::{Markup, html};

/// What accepts deletions.
const ACCEPT: &str = "look at it in Revox; if it is right, `revox-mirror run --once --accept-deletions` marks as gone what was \
                      reported, and no more";

/// What to do about a pass that another process has made, or this one before it started.
const ELSEWHERE: &str = "nothing, if the next pass comes through, which is made by itself; the log of the process that made \
                         it says more, and `revox-mirror check` tries the key, the API and the database";

/// A line of the list.
struct Line {
    /// What it is about.
    subject: String,
    what: String,
    hint: Option<String>,
    trouble: Option<Trouble>,
    is_mild: bool,
}

/// The list; nothing when nothing is wrong.
pub(super) fn render(view: &View<'_>) -> Markup {
    let lines = lines(view);
    html! {
        @if !lines.is_empty() {
            section aria-labelledby="troubles-heading" {
                h2 #troubles-heading { "What is wrong, and what to do" }
                ul .troubles {
                    @for line in &lines {
                        li .mild[line.is_mild] {
                            p { strong { (line.subject) } ": " (line.what) }
                            @if let Some(hint) = &line.hint { p .quiet { "What to do: " (hint) "." } }
                            @if let Some(trouble) = &line.trouble {
                                p .quiet.small {
                                    "Since " (time(trouble.since, view.now))
                                    @if let Some(again) = trouble.again_at {
                                        "; tried again at "
                                        time datetime=(again.to_rfc3339()) { (again.format("%H:%M:%S UTC")) }
                                    }
                                    "."
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn lines(view: &View<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let of_board = |subject: String, trouble: &Trouble| Line {
        subject,
        what: trouble.what.clone(),
        hint: trouble.hint.clone(),
        trouble: Some(trouble.clone()),
        is_mild: !trouble.is_parked,
    };
    match (&view.board.database, view.taken) {
        (Some(trouble), _) => lines.push(of_board("The database".to_owned(), trouble)),
        (None, Err(what)) => lines.push(Line {
            subject: "The database".to_owned(),
            what: what.to_string(),
            hint: Some("`revox-mirror check` tells more".to_owned()),
            trouble: None,
            is_mild: false,
        }),
        (None, Ok(_)) => {}
    }
    for (name, account) in &view.board.accounts {
        lines.extend(account.trouble.as_ref().map(|trouble| of_board(format!("Account {name}"), trouble)));
    }
    let status = view.taken.as_ref().ok().map(|picture| &picture.status);
    let name_of = |id: &str| {
        let campaign = status?.campaigns.iter().find(|campaign| campaign.campaign_id == id)?;
        campaign.campaign_name.clone().filter(|name| !name.is_empty())
    };
    for (id, trouble) in &view.board.campaigns {
        let subject = name_of(id).map_or_else(|| id.clone(), |name| format!("{name} ({id})"));
        lines.push(of_board(subject, trouble));
    }
    if let Some(status) = status {
        lines.extend(of_database(view, status));
    }
    lines
}

/// What the database holds besides: also what other daemons have run into.
fn of_database(view: &View<'_>, status: &Status) -> Vec<Line> {
    let mut lines = Vec::new();
    let plain = |subject: String, what: String, hint: Option<&str>, is_mild| Line {
        subject,
        what,
        hint: hint.map(ToOwned::to_owned),
        trouble: None,
        is_mild,
    };
    for campaign in &status.campaigns {
        if view.board.campaigns.contains_key(&campaign.campaign_id) {
            continue;
        }
        let id = &campaign.campaign_id;
        let subject = match campaign.campaign_name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({id})"),
            None => id.clone(),
        };
        if campaign.is_suspicious {
            let what = "so many rows are gone from the API that none was marked as gone".to_owned();
            lines.push(plain(subject, what, Some(ACCEPT), false));
        } else if let Some(error) =
            campaign.last_error.as_ref().filter(|_| campaign.last_outcome.as_deref() == Some("failed"))
        {
            lines.push(plain(subject, format!("the last pass failed: {error}"), Some(ELSEWHERE), true));
        }
    }
    if status.rejects > 0 {
        let what = format!("{} could not land", counted(status.rejects, "piece", "pieces"));
        let hint = "revox_sync.rejects holds each with its reason";
        lines.push(plain("Rejects".to_owned(), what, Some(hint), true));
    }
    if status.drift.count > 0 {
        let drift = &status.drift;
        let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "?".to_owned());
        let at = |at: Option<Time>| at.map_or("?".to_owned(), |at| at.format("%F %T UTC").to_string());
        let what = format!(
            "the API says {} that this version does not know, {} ({}) for one, first seen {} in {}, last seen {} in {}",
            counted(drift.count, "thing", "things"),
            word(&drift.newest_path),
            word(&drift.newest_kind),
            at(drift.newest_first_seen_at),
            word(&drift.newest_first_seen_in),
            at(drift.newest_last_seen_at),
            word(&drift.newest_last_seen_in),
        );
        let hint = "nothing is lost: it is kept in _extra; revox_sync.drift has the list";
        lines.push(plain("Drift".to_owned(), what, Some(hint), true));
    }
    for (views, what, what_to_do) in TypedTrouble::remarks(&status.views) {
        lines.push(plain(views, what, Some(&what_to_do), true));
    }
    lines
}
