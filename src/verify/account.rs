//! An account: its list is read before and after its campaigns, which are compared side by side.

use super::assistants::{self, Copies};
use super::campaign::Comparison;
use super::compare::{Finding, Stored, compare_line};
use super::erased::Erased;
use super::look::lookup;
use super::retention::Past;
use super::shown::{ShownAssistant, ShownCampaign, read_campaign};
use super::tables::CAMPAIGNS;
use super::value::Cell;
use super::{CampaignReport, Difference, DifferenceKind, MOST_DIFFERENCES, Report, Subject, configs};
use crate::observe::CampaignProgress;
use crate::plan::{Outcome, Shape};
use crate::store::{AccountState, Store, StoreError};
use crate::sync::SyncError;
use futures::StreamExt;
use secrecy::ExposeSecret;
use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The campaign list, as far as it is compared.
struct List {
    campaigns: Vec<ShownCampaign>,
    /// Campaigns without an id that can be a key: any that the mirror holds may be one of them.
    unreadable: usize,
}

/// How often it is begun anew, because what is kept has moved on meanwhile.
const MOST_MOVES: u32 = 3;

/// Compares an account's campaigns, or these of them.
pub async fn verify(subject: &Subject, campaigns: &[String]) -> Result<Report, SyncError> {
    subject.store.check_schema().await?;
    let mut moves = 0;
    loop {
        let kept = subject.store.load_retention().await?;
        let report = compare(subject, campaigns, Past::of(&kept)).await?;
        // A day has passed: what was compared by the earlier one may have gone by the later one.
        let has_moved = subject.store.load_retention().await?.retention != kept.retention;
        moves += 1;
        if !has_moved || report.is_equal() || moves == MOST_MOVES {
            return Ok(report);
        }
    }
}

async fn compare(subject: &Subject, campaigns: &[String], past: Past) -> Result<Report, SyncError> {
    let secret = subject.left_out.key.as_ref().map(ExposeSecret::expose_secret);
    let erased = Arc::new(Erased::load(&subject.store, secret).await?);
    let held = subject.store.load_account(&subject.account).await?;
    let list = read_list(subject).await?;
    check_account(subject, &held, &list)?;
    for id in campaigns {
        if !list.campaigns.iter().any(|it| it.line.id() == id) {
            return Err(SyncError::UnknownCampaign { id: id.clone() });
        }
    }
    let wanted = |campaign: &ShownCampaign| {
        campaigns.is_empty() || campaigns.iter().any(|id| id == campaign.line.id())
    };
    let copies = Copies::of_list(&list.newest_assistants());
    let first = compare_list(&subject.store, &list, wanted).await?;
    let names: Vec<(String, String)> =
        list.campaigns.iter().filter(|it| wanted(it)).map(|it| (it.line.id().to_owned(), name(it))).collect();
    drop(list);

    let shape = Mutex::new(held.shape);
    let comparing = names
        .iter()
        .map(|(id, name)| compare_campaign(subject, (id, name), &copies, &shape, (&erased, past)));
    let compared: Vec<(Comparison<'_>, CampaignReport)> =
        futures::stream::iter(comparing).buffered(subject.max_concurrent_campaigns.max(1)).collect().await;

    let list = read_list(subject).await?;
    let second: HashSet<(String, Finding)> =
        compare_list(&subject.store, &list, wanted).await?.into_iter().collect();
    let confirmed: Vec<(String, Finding)> = first.into_iter().filter(|it| second.contains(it)).collect();
    let mut report = Report::default();
    for (comparison, mut found) in compared {
        let of_list = confirmed.iter().filter(|(id, _)| *id == found.id);
        let of_list = of_list.map(|(_, finding)| finding.clone()).collect();
        comparison.finish(&mut found, of_list);
        report.campaigns.push(found);
    }
    if campaigns.is_empty() && list.unreadable == 0 {
        report.gone = find_gone(subject, &list).await?;
    }
    if campaigns.is_empty() {
        report.orphans = find_orphans(&subject.store).await?;
    }
    report.cost = subject.client.cost();
    Ok(report)
}

fn name(campaign: &ShownCampaign) -> String {
    match campaign.line.column("name") {
        Some(Cell::Text(name)) => name.clone(),
        _ => String::new(),
    }
}

impl List {
    /// The assistants of the list: the copy of each that counts.
    fn newest_assistants(&self) -> Vec<&ShownAssistant> {
        assistants::newest(self.campaigns.iter().filter_map(|it| it.assistant.as_ref()))
    }
}

async fn read_list(subject: &Subject) -> Result<List, SyncError> {
    let body = subject.client.fetch_campaigns().await.map_err(SyncError::List)?.body;
    let count = body.campaigns.len();
    let texts = (0..count).filter_map(|index| body.campaign(index));
    let campaigns: Vec<ShownCampaign> = texts.filter_map(read_campaign).collect();
    Ok(List { unreadable: count - campaigns.len(), campaigns })
}

/// Makes sure that the list is that of the account that the mirror holds.
fn check_account(subject: &Subject, held: &AccountState, list: &List) -> Result<(), SyncError> {
    let organizations = list.campaigns.iter().filter_map(|it| match it.line.column("organization_id") {
        Some(Cell::Text(id)) => Some((&held.organization_id, id)),
        _ => None,
    });
    for (held, found) in organizations.chain([(&held.base_url, &subject.base_url)]) {
        if let Some(held) = held.as_ref().filter(|held| *held != found) {
            return Err(SyncError::AnotherAccount { held: held.clone(), found: found.clone() });
        }
    }
    Ok(())
}

/// What differs in the lines of the list's campaigns and of their assistants, each with the campaign that shows it:
/// the first one that is wanted, if several show it.
async fn compare_list(
    store: &Store,
    list: &List,
    wanted: impl Fn(&ShownCampaign) -> bool,
) -> Result<Vec<(String, Finding)>, StoreError> {
    let mut found: Vec<(String, Finding)> = Vec::new();
    let ids = list.campaigns.iter().map(|it| it.line.id());
    let mut stored = Stored::default();
    for lines in store.stored_lines(&[lookup(&CAMPAIGNS, "id", ids)]).await? {
        stored.add(&CAMPAIGNS, &lines);
    }
    let of_configs = configs::compare(store, list.campaigns.iter().map(|it| &it.line), &mut stored).await?;
    for (campaign, of_config) in list.campaigns.iter().zip(of_configs) {
        let mut differences = compare_line(&campaign.line, stored.get(&CAMPAIGNS, &campaign.line.key));
        differences.extend(of_config);
        let finding = |difference| Finding { difference, row: None, assistant: None, shown: campaign.digest };
        found.extend(differences.into_iter().map(|it| (campaign.line.id().to_owned(), finding(it))));
    }
    let newest = list.newest_assistants();
    for (assistant, differences) in newest.iter().zip(assistants::compare(store, &newest, |_, _| true).await?)
    {
        let shows = |campaign: &&ShownCampaign| {
            wanted(campaign)
                && campaign.assistant.as_ref().is_some_and(|it| it.line.id() == assistant.line.id())
        };
        let Some(campaign) = list.campaigns.iter().find(shows) else {
            continue;
        };
        for difference in differences.unwrap_or_default() {
            let id = Some(assistant.line.id().to_owned());
            let finding = Finding { difference, row: None, assistant: id, shown: assistant.digest };
            found.push((campaign.line.id().to_owned(), finding));
        }
    }
    Ok(found)
}

async fn compare_campaign<'a>(
    subject: &'a Subject,
    (id, name): (&'a str, &'a str),
    copies: &'a Copies,
    shape: &'a Mutex<Option<Shape>>,
    (erased, past): (&Arc<Erased>, Past),
) -> (Comparison<'a>, CampaignReport) {
    subject.progress.campaign_started(id, name, &CampaignProgress::default());
    let mut report = CampaignReport { id: id.to_owned(), name: name.to_owned(), ..CampaignReport::default() };
    let mut comparison = Comparison::new(subject, id, copies, shape, (Arc::clone(erased), past));
    if let Err(failure) = comparison.run(&mut report).await {
        report.failure = Some(explain(&failure));
    }
    let (outcome, note) = match (&report.failure, comparison.found()) {
        (None, 0) => (Outcome::Complete, None),
        (None, found) => (Outcome::Partial, Some(format!("differences in its rows: {found}"))),
        (Some(failure), _) => (Outcome::Partial, Some(failure.clone())),
    };
    subject.progress.campaign_finished(id, outcome, note.as_deref());
    (comparison, report)
}

/// An error with its causes, on one line.
fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Campaigns that the mirror holds for alive, that the list does not show, and of which the API says that there is no
/// such campaign.
async fn find_gone(subject: &Subject, list: &List) -> Result<Vec<Difference>, SyncError> {
    let listed: HashSet<&str> = list.campaigns.iter().map(|it| it.line.id()).collect();
    let mut gone = Vec::new();
    for key in subject.store.stored_campaigns(&subject.account).await? {
        if listed.contains(key.as_str()) {
            continue;
        }
        match subject.client.fetch_campaign(&key).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => gone.push(Difference {
                table: CAMPAIGNS.name,
                key,
                column: None,
                kind: DifferenceKind::NotInTheApi,
            }),
            Err(error) => return Err(SyncError::List(error)),
        }
    }
    Ok(gone)
}

/// What foreign keys of the parts would promise: that what they belong to is there.
async fn find_orphans(store: &Store) -> Result<Vec<Difference>, SyncError> {
    let orphans = store.orphans(MOST_DIFFERENCES).await?;
    let difference = |(table, key)| Difference { table, key, column: None, kind: DifferenceKind::Orphaned };
    Ok(orphans.into_iter().map(difference).collect())
}
