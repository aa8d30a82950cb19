//! The status as text for people: a line a campaign, what a person should know besides, the last passes.

use super::Report;
use crate::cli::pass::ACCEPT;
use crate::cli::table::Table;
use crate::observe::{ago, api_words, counted};
use crate::records::Time;
use crate::store::{AccountStatus, CampaignStatus, RetentionStatus, RunStatus, SearchStatus, TypedTrouble};

/// Columns that a campaign's name may take.
const NAME_WIDTH: usize = 28;

/// The whole sheet, without a line break at the end.
pub(super) fn render(report: &Report) -> String {
    if let Some(note) = &report.note {
        return note.clone();
    }
    let mut parts = vec![campaigns(report), remarks(report).join("\n")];
    if !report.status.runs.is_empty() {
        parts.push(format!("The last passes, a line a campaign:\n{}", runs(report)));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn campaigns(report: &Report) -> String {
    let campaigns = &report.status.campaigns;
    if campaigns.is_empty() {
        return "The mirror holds no campaign.".to_owned();
    }
    let headings = [
        "campaign",
        "rows",
        "calls",
        "open",
        "unsettled",
        "complete through",
        "full proof",
        "last pass",
        "requests",
        "rejects",
    ];
    let mut table = Table::with_headings(headings);
    for campaign in campaigns {
        let name = shown_name(campaign.campaign_name.as_deref(), &campaign.campaign_id);
        let pass =
            [&campaign.last_kind, &campaign.last_outcome].map(|word| word.as_deref().unwrap_or_default());
        table.add([
            name,
            campaign.rows_live.to_string(),
            campaign.calls_live.to_string(),
            campaign.calls_open.to_string(),
            campaign.calls_unsettled.to_string(),
            ago(campaign.complete_through, report.as_of),
            ago(campaign.full_walk_at, report.as_of),
            pass.join(" ").trim().to_owned(),
            campaign.last_requests.map(|count| count.to_string()).unwrap_or_default(),
            campaign.rejects.to_string(),
        ]);
    }
    table.add([
        "all".to_owned(),
        report.total(|it| it.rows_live).to_string(),
        report.total(|it| it.calls_live).to_string(),
        report.total(|it| it.calls_open).to_string(),
        report.total(|it| it.calls_unsettled).to_string(),
        ago(report.complete_through(), report.as_of),
        String::new(),
        String::new(),
        String::new(),
        report.total(|it| it.rejects).to_string(),
    ]);
    table.render()
}

/// What a person should know besides, a sentence or two each.
fn remarks(report: &Report) -> Vec<String> {
    let status = &report.status;
    let mut remarks: Vec<String> =
        status.accounts.iter().flat_map(|account| of_account(account, report.as_of)).collect();
    remarks.extend(of_staleness(report));
    for campaign in &status.campaigns {
        remarks.extend(of_campaign(campaign, report.as_of));
    }
    if status.rejects > 0 {
        remarks.push(format!(
            "{} could not land: revox_sync.rejects holds each with its reason.",
            counted(status.rejects, "piece", "pieces")
        ));
    }
    if let Some(path) = &status.drift.newest_path {
        remarks.push(format!(
            "The API says {} that this version does not know, such as {path} ({}), first seen {} in {}, last seen {} in {}: \
             see revox_sync.drift.",
            counted(status.drift.count, "thing", "things"),
            status.drift.newest_kind.as_deref().unwrap_or_default(),
            ago(status.drift.newest_first_seen_at, report.as_of),
            status.drift.newest_first_seen_in.as_deref().unwrap_or("?"),
            ago(status.drift.newest_last_seen_at, report.as_of),
            status.drift.newest_last_seen_in.as_deref().unwrap_or("?"),
        ));
    }
    remarks.extend(of_search_lag(&status.search, report.as_of));
    remarks.extend(of_retention(&status.retention));
    let views = TypedTrouble::remarks(&status.views).into_iter();
    remarks
        .extend(views.map(|(views, what, what_to_do)| format!("{views} {what}. What to do: {what_to_do}.")));
    remarks
}

/// What is kept for a time only, if anything is.
fn of_retention(retention: &RetentionStatus) -> Option<String> {
    let RetentionStatus { transcripts_before, recording_urls_before, calls_before, is_swept } = retention;
    let kept = [
        ("transcripts", transcripts_before),
        ("addresses of recordings", recording_urls_before),
        ("calls", calls_before),
    ];
    let words: Vec<String> = kept
        .iter()
        .filter_map(|(what, before)| Some(format!("{what} of before {}", before.as_ref()?.date_naive())))
        .collect();
    let done = if *is_swept { "are removed" } else { "are being removed" };
    (!words.is_empty()).then(|| format!("As [retention] has it, {} {done}.", words.join(", ")))
}

/// How far the full text over what was said is behind, if it is.
fn of_search_lag(search: &SearchStatus, now: Time) -> Option<String> {
    let how_many = match search.attempts_behind {
        0 => return None,
        count if count > 100_000 => "more than 100000 attempts".to_owned(),
        count => counted(count, "attempt", "attempts"),
    };
    let since = ago(search.behind_since, now);
    Some(format!(
        "The search over what was said is behind by {how_many} at most, the first written {since}; a running daemon and the next \
         `revox-mirror run --once` catch up."
    ))
}

fn of_account(account: &AccountStatus, now: Time) -> Vec<String> {
    let organization = account.organization_id.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
    let place = account.base_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
    let listed = ago(account.listed_at, now);
    let api = api_words(account.api.as_deref()).map(|words| match account.api_since {
        Some(_) => format!("; {words}, found so {}", ago(account.api_since, now)),
        None => format!("; {words}"),
    });
    let api = api.unwrap_or_default();
    let mut remarks =
        vec![format!("Account {}{organization}{place}: list read {listed}{api}.", account.name)];
    remarks.extend(of_search(account, now));
    if account.suspicious_at.is_some() {
        remarks.push(format!(
            "Account {} is suspicious: {} would have vanished, so none was marked as gone. If that is right, {ACCEPT}; if \
             not, look at the key and the base URL.",
            account.name,
            counted(account.suspicious_campaigns, "campaign", "campaigns")
        ));
    }
    remarks
}

/// What the search over calls refused, or has shown of calls that are not mirrored.
fn of_search(account: &AccountStatus, now: Time) -> Vec<String> {
    let mut remarks = Vec::new();
    if let (Some(reason), Some("unpaged")) = (&account.search_refused, account.api.as_deref()) {
        remarks.push(format!(
            "Account {}: {reason} (asked {}). Campaigns that change are read in full; it is asked again after an hour.",
            account.name,
            ago(account.search_refused_at, now)
        ));
    }
    let (none, others) = (account.changes_of_no_campaign, account.changes_of_other_campaigns);
    if none + others > 0 {
        remarks.push(format!(
            "Account {}: the search over calls has shown {} of calls of no campaign and {} of campaigns that its list does \
             not show; such calls are not mirrored.",
            account.name,
            counted(none, "change", "changes"),
            others
        ));
    }
    remarks
}

fn of_staleness(report: &Report) -> Option<String> {
    let max_age = report.max_age?.to_std().map(humantime::format_duration).ok()?;
    report.is_stale()?.then(|| match report.status.campaigns.len() {
        0 => format!("Stale: no list was read within {max_age}."),
        count => format!(
            "Stale: the copies of {} of {} are older than {max_age}.",
            report.stale_campaigns(),
            counted(i64::try_from(count).unwrap_or(i64::MAX), "campaign", "campaigns")
        ),
    })
}

/// That a campaign is suspicious, that its last pass was not complete, and what to do about it.
fn of_campaign(campaign: &CampaignStatus, now: Time) -> Vec<String> {
    let name = campaign.campaign_name.as_deref().filter(|name| !name.is_empty());
    let name = name.map(|name| format!("{name} ({})", campaign.campaign_id));
    let name = name.unwrap_or_else(|| campaign.campaign_id.clone());
    let mut remarks = Vec::new();
    if let Some(outcome) = campaign.last_outcome.as_deref().filter(|outcome| *outcome != "complete") {
        let reason = campaign.last_error.as_deref().unwrap_or("no reason was kept");
        let when = ago(campaign.last_run_at, now);
        let what_to_do = if outcome == "failed" {
            " The next pass tries again by itself; if it goes on, `revox-mirror check` tries the key, the API and the database."
        } else {
            ""
        };
        remarks.push(format!("{name}: the last pass, {when}, ended as {outcome}: {reason}.{what_to_do}"));
    }
    if campaign.is_suspicious {
        remarks.push(format!(
            "{name} is suspicious: so much would have vanished that nothing was marked as gone. Look at the campaign in \
             Revox. If it is right, {ACCEPT}; if not, the rows stay as they are until they are back."
        ));
    }
    remarks
}

fn runs(report: &Report) -> String {
    let headings = [
        "when",
        "campaign",
        "kind",
        "outcome",
        "requests",
        "seen",
        "inserted",
        "updated",
        "tombstoned",
        "why",
        "everything was read because",
    ];
    let mut table = Table::with_headings(headings);
    for run in &report.status.runs {
        let campaign = run.campaign_id.as_deref().unwrap_or_default();
        table.add([
            ago(Some(run.started_at), report.as_of),
            shown_name(run.campaign_name.as_deref(), campaign),
            run.kind.clone().unwrap_or_default(),
            shown_outcome(run).to_owned(),
            run.requests.to_string(),
            run.rows_seen.to_string(),
            run.rows_inserted.to_string(),
            run.rows_updated.to_string(),
            run.rows_tombstoned.to_string(),
            run.why.clone().unwrap_or_default(),
            run.fell_back.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

fn shown_outcome(run: &RunStatus) -> &str {
    match &run.outcome {
        Some(outcome) => outcome,
        None if run.is_under_way => "under way",
        None => "broken off",
    }
}

/// The name, shortened; the id of what has no name.
fn shown_name(name: Option<&str>, id: &str) -> String {
    let name = name.filter(|name| !name.is_empty()).unwrap_or(id);
    console::truncate_str(name, NAME_WIDTH, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::{of_campaign, shown_name};
    use crate::records::Time;
    use crate::store::CampaignStatus;
    use chrono::TimeDelta;

    fn now() -> Time {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_long_name_is_shortened_and_a_missing_one_is_the_id() {
        assert_eq!(shown_name(Some("Été"), "c1"), "Été");
        assert_eq!(shown_name(Some(""), "c1"), "c1");
        assert_eq!(shown_name(None, "c1"), "c1");
        let long = shown_name(Some(&"é".repeat(40)), "c1");
        assert_eq!(long, format!("{}…", "é".repeat(27)));
    }

    #[test]
    fn only_what_is_not_complete_is_remarked_on_and_a_suspicion_with_what_to_do() {
        let campaign = |outcome: Option<&str>, is_suspicious, error: Option<&str>| CampaignStatus {
            campaign_id: "c1".to_owned(),
            campaign_name: Some("Spring".to_owned()),
            last_outcome: outcome.map(str::to_owned),
            last_run_at: Some(now() - TimeDelta::minutes(3)),
            last_error: error.map(str::to_owned),
            is_suspicious,
            ..CampaignStatus::default()
        };
        let remarks = |campaign: &CampaignStatus| of_campaign(campaign, now());
        let none: [&str; 0] = [];
        assert_eq!(remarks(&campaign(None, false, None)), none);
        assert_eq!(remarks(&campaign(Some("complete"), false, None)), none);
        assert_eq!(
            remarks(&campaign(Some("failed"), false, Some("the key was refused"))),
            [
                "Spring (c1): the last pass, 3 min ago, ended as failed: the key was refused. The next pass tries again by itself; if it \
             goes on, `revox-mirror check` tries the key, the API and the database."
            ]
        );
        let suspicious = remarks(&campaign(Some("suspicious"), true, Some("9 of 9 would vanish")));
        assert!(suspicious[0].ends_with("ended as suspicious: 9 of 9 would vanish."), "{suspicious:?}");
        assert!(suspicious[1].contains("--accept-deletions"), "{suspicious:?}");
        // A suspicion outlives a pass that failed after it.
        let failed_later = remarks(&campaign(Some("failed"), true, Some("the key was refused")));
        assert!(failed_later[1].starts_with("Spring (c1) is suspicious"), "{failed_later:?}");
    }
}
