//! What `/readyz` and `/metrics` make of a picture. Pure.

use super::picture::{Picture, Taken};
use crate::observe::{BoardState, ago, counted};
use chrono::TimeDelta;
use std::fmt::Write;

/// Why the mirror is not ready, a line each; none when it is.
pub(super) fn reasons(taken: &Taken, board: &BoardState, max_age: TimeDelta) -> Vec<String> {
    let mut reasons = Vec::new();
    match taken {
        Err(what) => reasons.push(format!("the database cannot be relied on: {what}")),
        Ok(picture) => reasons.extend(of_staleness(picture, max_age)),
    }
    for (name, account) in &board.accounts {
        if let Some(trouble) = account.trouble.as_ref().filter(|trouble| trouble.is_parked) {
            reasons.push(format!("account {name} is parked: {}", trouble.what));
        }
    }
    if board.is_draining {
        reasons.push("it is stopping".to_owned());
    }
    reasons
}

fn of_staleness(picture: &Picture, max_age: TimeDelta) -> Option<String> {
    let status = &picture.status;
    let now = picture.taken_at;
    let is_old = |at: &Option<crate::records::Time>| at.is_none_or(|at| now - at > max_age);
    if status.accounts.is_empty() {
        return Some("no list has been read yet".to_owned());
    }
    if let Some(account) = status.accounts.iter().find(|account| is_old(&account.listed_at)) {
        return Some(format!(
            "the list of account {} was read {}",
            account.name,
            ago(account.listed_at, now)
        ));
    }
    let stale: Vec<_> =
        status.campaigns.iter().filter(|campaign| is_old(&campaign.complete_through)).collect();
    let stalest = stale.iter().min_by_key(|campaign| campaign.complete_through)?;
    let count = i64::try_from(stale.len()).unwrap_or(i64::MAX);
    let standing = match stalest.complete_through {
        None => "has no complete copy yet".to_owned(),
        at => format!("is complete as of {}", ago(at, now)),
    };
    Some(format!(
        "{} staler than {} s; the stalest, {}, {standing}",
        counted(count, "campaign is", "campaigns are"),
        max_age.num_seconds(),
        stalest.campaign_id,
    ))
}

/// What the database says, as metrics.
pub(super) fn metrics_of(taken: &Taken, board: &BoardState) -> String {
    let mut text = String::new();
    let parked =
        board.accounts.values().filter(|it| it.trouble.as_ref().is_some_and(|it| it.is_parked)).count();
    gauge(
        &mut text,
        "revox_mirror_accounts_parked",
        "Accounts that wait for a person",
        [("", number(parked))],
    );
    let up = [("", i64::from(taken.is_ok()))];
    gauge(&mut text, "revox_mirror_database_up", "Whether the database answers and its schema is right", up);
    let Ok(picture) = taken else { return text };
    let Picture { status, taken_at, .. } = &**picture;
    let ages: Vec<(String, i64)> = status
        .campaigns
        .iter()
        .filter_map(|campaign| {
            let age = (*taken_at - campaign.complete_through?).num_seconds().max(0);
            Some((format!("{{campaign_id=\"{}\"}}", escaped(&campaign.campaign_id)), age))
        })
        .collect();
    let ages = ages.iter().map(|(labels, age)| (labels.as_str(), *age));
    gauge(&mut text, "revox_mirror_freshness_seconds", "Age of each live campaign's copy", ages);
    let count = |is: fn(&crate::store::CampaignStatus) -> bool| {
        [("", number(status.campaigns.iter().filter(|it| is(it)).count()))]
    };
    gauge(&mut text, "revox_mirror_campaigns", "Live campaigns", count(|_| true));
    let never = count(|it| it.complete_through.is_none());
    gauge(
        &mut text,
        "revox_mirror_campaigns_never_complete",
        "Campaigns whose copy was never complete",
        never,
    );
    let suspicious = count(|it| it.is_suspicious);
    gauge(
        &mut text,
        "revox_mirror_campaigns_suspicious",
        "Campaigns at which a person should look",
        suspicious,
    );
    gauge(&mut text, "revox_mirror_rejects_held", "Pieces that could not land", [("", status.rejects)]);
    gauge(&mut text, "revox_mirror_drift", "What the API says that is not known", [("", status.drift.count)]);
    text
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn gauge<'a>(text: &mut String, name: &str, help: &str, values: impl IntoIterator<Item = (&'a str, i64)>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} gauge");
    for (labels, value) in values {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{AccountBoard, Trouble};
    use crate::records::Time;
    use crate::store::{AccountStatus, CampaignStatus, Status};
    use std::sync::Arc;

    fn at(minutes: i64) -> Time {
        "2026-03-01T12:00:00Z".parse::<Time>().unwrap() + TimeDelta::minutes(minutes)
    }

    fn picture(listed: &[Option<i64>], complete: &[Option<i64>]) -> Arc<Picture> {
        let accounts = listed.iter().map(|minute| AccountStatus {
            name: "default".to_owned(),
            listed_at: minute.map(at),
            ..AccountStatus::default()
        });
        let campaigns = complete.iter().map(|minute| CampaignStatus {
            campaign_id: "c\"1".to_owned(),
            complete_through: minute.map(at),
            ..CampaignStatus::default()
        });
        let status =
            Status { accounts: accounts.collect(), campaigns: campaigns.collect(), ..Status::default() };
        Arc::new(Picture { taken_at: at(60), status, activity: Arc::default() })
    }

    #[test]
    fn it_is_ready_when_everything_is_fresh_and_says_what_is_not() {
        let age = TimeDelta::minutes(30);
        let fine = BoardState::default();
        for (found, expected) in [
            (Ok(picture(&[Some(59)], &[Some(59), Some(31)])), None),
            (Ok(picture(&[Some(59)], &[])), None),
            (Ok(picture(&[], &[])), Some("no list has been read yet")),
            (Ok(picture(&[Some(59), None], &[])), Some("list of account default was read never")),
            (Ok(picture(&[Some(20)], &[])), Some("list of account default was read 40 min ago")),
            (Ok(picture(&[Some(59)], &[Some(59), Some(20)])), Some("1 campaign is staler than 1800 s")),
            (Ok(picture(&[Some(59)], &[None, Some(20)])), Some("2 campaigns are staler")),
            (Err("the database is away".into()), Some("the database is away")),
        ] {
            let reasons = reasons(&found, &fine, age).join("\n");
            match expected {
                None => assert_eq!(reasons, ""),
                Some(expected) => assert!(reasons.contains(expected), "{expected} is not in {reasons}"),
            }
        }
        let trouble = Trouble {
            what: "the API refused the key".to_owned(),
            hint: None,
            since: at(0),
            again_at: None,
            is_parked: true,
        };
        let account = AccountBoard { next_look_at: None, trouble: Some(trouble) };
        let parked = BoardState { accounts: [("sales".to_owned(), account)].into(), ..BoardState::default() };
        let reasons = reasons(&Ok(picture(&[Some(59)], &[])), &parked, age);
        assert_eq!(reasons, ["account sales is parked: the API refused the key"]);
    }

    #[test]
    fn the_database_s_metrics_are_there_only_while_it_is() {
        let fine = BoardState::default();
        let text = metrics_of(&Ok(picture(&[Some(59)], &[Some(50), None])), &fine);
        for line in [
            "revox_mirror_database_up 1\n",
            "revox_mirror_freshness_seconds{campaign_id=\"c\\\"1\"} 600\n",
            "revox_mirror_campaigns 2\n",
            "revox_mirror_campaigns_never_complete 1\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let text = metrics_of(&Err("away".into()), &fine);
        assert!(text.contains("revox_mirror_database_up 0\n") && !text.contains("freshness"), "{text}");
        let documents = include_str!("../../docs/metrics.md");
        for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
            assert!(documents.contains(name), "docs/metrics.md lacks {name}");
        }
    }
}
