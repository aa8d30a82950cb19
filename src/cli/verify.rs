//! `verify`: reads the API again and says where the mirror's tables differ from it; `--repair` puts them right.

use super::Context;
use super::database::{self, Database, Whose};
use super::exit::{CommandError, Exit};
use super::table::Table;
use super::{accounts, interrupt, pass};
use crate::config::{self, Keeping};
use crate::store::{Holder, Store};
use crate::sync::{self, Mirror, PassOptions, PassReport};
use crate::verify::{self, CampaignReport, Difference, LeftOut, NumberForm, Report, Subject};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};
use std::sync::Arc;

/// `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Only this account of those that are configured
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only this campaign; may be given several times
    #[arg(long = "campaign", value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    campaigns: Vec<String>,
    /// Read again what differs and write it right, then verify it once more
    #[arg(long)]
    repair: bool,
    /// One JSON object an account instead of tables
    #[arg(long)]
    json: bool,
}

/// Differences that are listed of a campaign.
const LISTED: usize = 50;

pub(super) async fn run(context: &Context, arguments: &VerifyArguments) -> anyhow::Result<Exit> {
    let settings = &context.settings;
    let mut mirrored = Vec::new();
    for account in accounts::chosen(settings, arguments.account.as_deref())? {
        let client = accounts::client_of(settings, &account)?;
        mirrored.push((account, client));
    }
    if mirrored.len() > 1 && !arguments.campaigns.is_empty() {
        return Err(CommandError::WhichAccount.into());
    }
    if !database::exists(settings, Whose::Mirror)? {
        return Err(CommandError::NoMirror.into());
    }
    let database = interrupt::or_signal(Database::open(settings, Whose::Mirror)).await?;
    let outcome = interrupt::or_signal(async {
        let store = database.connect().await?;
        let several = mirrored.len() > 1;
        let mut exit = Exit::Complete;
        for (account, client) in mirrored {
            if several && !arguments.json {
                context.terminal.print(&format!("Account {}:", account.name));
            }
            let progress = pass::progress(&context.terminal);
            let mirror = accounts::sharing_the_rate(accounts::mirror_of(
                context,
                settings,
                &account,
                client,
                Some(store.clone()),
                progress,
            )?);
            exit = exit.worse(verify(context, arguments, &mirror, &store).await?);
        }
        store.close().await;
        Ok(exit)
    })
    .await;
    context.close(database).await;
    outcome
}

async fn verify(
    context: &Context,
    arguments: &VerifyArguments,
    mirror: &Mirror,
    store: &Store,
) -> anyhow::Result<Exit> {
    let subject = Subject {
        account: Arc::clone(&mirror.account),
        client: mirror.client.clone(),
        base_url: mirror.base_url.clone(),
        store: store.clone(),
        page_size: mirror.settings.page_size,
        max_concurrent_campaigns: mirror.settings.max_concurrent_campaigns,
        keep_llm_system_prompt: mirror.settings.normalize.keep_llm_system_prompt,
        left_out: Arc::new(left_out(context)?),
        progress: mirror.progress.clone(),
    };
    let mut report = verify::verify(&subject, &arguments.campaigns).await?;
    log(&report);
    let mut repaired = None;
    if arguments.repair && !report.is_equal() {
        if !arguments.json {
            show(context, arguments, &report);
            context.terminal.print("\nRepairing: what differs is read again and written.\n");
        }
        let passes = repair(mirror, store, &report).await?;
        if !arguments.json {
            for passed in &passes {
                pass::show_summary(context, passed, false);
            }
            context.terminal.print("\nAfter the repair:\n");
        }
        let is_of_campaigns = report.gone.is_empty() && report.orphans.is_empty();
        let again = if is_of_campaigns { differing(&report) } else { arguments.campaigns.clone() };
        let after = verify::verify(&subject, &again).await?;
        log(&after);
        repaired = Some((std::mem::replace(&mut report, after), passes));
    }
    if arguments.json {
        context.terminal.print(&as_json(&report, repaired.as_ref()).to_string());
    } else {
        show(context, arguments, &report);
        if let Some((before, _)) = &repaired {
            let left = count(&report);
            let mended = count(before).saturating_sub(left);
            context.terminal.print(&format!("Repaired: {mended} of {} differences.", count(before)));
        } else if count(&report) > 0 {
            context
                .terminal
                .print("`revox-mirror verify --repair` reads again what differs and writes it right.");
        }
    }
    Ok(if report.is_equal() { Exit::Complete } else { Exit::Partial })
}

/// What the mirror leaves out.
fn left_out(context: &Context) -> anyhow::Result<LeftOut> {
    let privacy = &context.settings.privacy;
    Ok(LeftOut {
        key: privacy.key()?,
        transcripts: privacy.transcripts == Keeping::LeaveOut,
        recording_urls: privacy.recording_urls == Keeping::LeaveOut,
        input_keys: privacy.input_keys_left_out(),
        phone_numbers: match privacy.phone_numbers {
            config::NumberForm::Full => NumberForm::Full,
            config::NumberForm::Hashed => NumberForm::Hashed,
            config::NumberForm::Masked => NumberForm::Masked,
        },
    })
}

/// The campaigns that are not proven equal.
fn differing(report: &Report) -> Vec<String> {
    report.campaigns.iter().filter(|it| !it.is_equal()).map(|it| it.id.clone()).collect()
}

/// Forgets what differs and makes full passes over the campaigns in which it does.
async fn repair(mirror: &Mirror, store: &Store, report: &Report) -> anyhow::Result<Vec<PassReport>> {
    let holder = Holder::this_process();
    if !report.orphans.is_empty() {
        let removed = store.remove_orphans().await?;
        tracing::info!(removed, "parts whose attempt is not there were removed");
    }
    for campaign in report.campaigns.iter().filter(|it| !it.is_equal()) {
        let scope = format!("campaign:{}", campaign.id);
        // The pass says itself of a campaign that another process works on.
        if let Some((lease, _)) = sync::wait_for_lease(store, &scope, &holder, pass::LEASE_WAIT).await? {
            store.forget(&lease, &campaign.forgotten(), mirror.clock.now()).await?;
            store.release_lease(&lease).await?;
        }
    }
    let campaigns = differing(report);
    let mut passes = Vec::new();
    if !campaigns.is_empty() {
        let options = PassOptions { campaigns, full: true, ..options() };
        passes.push(sync::run_pass(mirror, &options).await?);
    }
    // A campaign is marked as gone when two passes have found it so.
    let needed = if report.gone.is_empty() { 0 } else { 2 };
    while passes.len() < needed {
        passes.push(sync::run_pass(mirror, &options()).await?);
    }
    Ok(passes)
}

fn options() -> PassOptions {
    PassOptions { trigger: "verify", lease_wait: pass::LEASE_WAIT, ..PassOptions::default() }
}

fn count(report: &Report) -> usize {
    report.gone.len()
        + report.orphans.len()
        + report.campaigns.iter().map(|it| it.differences.len()).sum::<usize>()
}

fn log(report: &Report) {
    tracing::info!(
        campaigns = report.campaigns.len(),
        rows = report.campaigns.iter().map(|it| it.rows).sum::<u64>(),
        differences = count(report),
        rejected = report.campaigns.iter().map(|it| it.rejected).sum::<u64>(),
        moved_on = report.campaigns.iter().map(|it| it.moved).sum::<u64>(),
        campaigns_gone = report.gone.len(),
        orphans = report.orphans.len(),
        requests = report.cost.requests,
        bytes = report.cost.bytes,
        "verified"
    );
}

/// Shows a table with a line for each campaign, and what differs below it.
fn show(context: &Context, arguments: &VerifyArguments, report: &Report) {
    let terminal = &context.terminal;
    let mut table =
        Table::with_headings(["campaign", "result", "rows", "differences", "rejected", "moved on"]);
    for campaign in &report.campaigns {
        let result = match (&campaign.failure, campaign.is_equal()) {
            (Some(_), _) => "unfinished",
            (None, true) => "equal",
            (None, false) => "differs",
        };
        let differences = u64::try_from(campaign.differences.len()).unwrap_or(u64::MAX);
        let counts = [campaign.rows, differences, campaign.rejected, campaign.moved];
        let words = [name(campaign).to_owned(), result.to_owned()];
        table.add(words.into_iter().chain(counts.map(|count| count.to_string())));
    }
    terminal.print(&table.render());
    for campaign in &report.campaigns {
        let title = format!("\n{} ({})", name(campaign), campaign.id);
        if let Some(failure) = &campaign.failure {
            terminal.print(&format!("{title} could not be compared to its end: {failure}"));
        }
        if !campaign.differences.is_empty() {
            terminal.print(&format!("{title} differs in:"));
            terminal.print(&list(&campaign.differences));
        }
        if campaign.rejected > 0 {
            terminal.print(&format!("{title}: in revox_sync.rejects, and so not in the tables:"));
            let lines = campaign.rejects.iter().map(|(row, path)| format!("  rejected  {row} {path}"));
            terminal.print(&shortened(lines, campaign.rejected));
        }
    }
    if !report.gone.is_empty() {
        terminal.print("\nThe API no longer has these campaigns:");
        terminal.print(&list(&report.gone));
    }
    if !report.orphans.is_empty() {
        terminal.print("\nThe mirror holds parts of attempts that it does not hold:");
        terminal.print(&list(&report.orphans));
    }
    let verdict = if report.is_equal() {
        match arguments.campaigns.as_slice() {
            [] => "The mirror equals the API.",
            _ => "What was compared equals the API.",
        }
    } else {
        "The mirror is not proven equal to the API."
    };
    terminal.print(&format!("\n{verdict} It took {} requests in all.", report.cost.requests));
}

fn name(campaign: &CampaignReport) -> &str {
    if campaign.name.is_empty() { &campaign.id } else { &campaign.name }
}

fn list(differences: &[Difference]) -> String {
    let total = u64::try_from(differences.len()).unwrap_or(u64::MAX);
    let lines = differences.iter().map(|it| {
        let column = it.column.map(|column| format!(" {column}")).unwrap_or_default();
        format!("  {}  {} {}{column}", it.kind.as_str(), it.table, it.key)
    });
    shortened(lines, total)
}

/// The first lines, and how many more there are.
fn shortened(lines: impl Iterator<Item = String>, total: u64) -> String {
    let mut lines: Vec<String> = lines.take(LISTED).map(|line| line.replace(['\n', '\r'], " ")).collect();
    let more = total.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    lines.join("\n")
}

fn as_json(report: &Report, repaired: Option<&(Report, Vec<PassReport>)>) -> Value {
    let campaigns: Vec<Value> = report.campaigns.iter().map(campaign_as_json).collect();
    let repair = repaired.map(|(before, passes)| {
        let of_pass = passes
            .iter()
            .flat_map(|passed| &passed.campaigns)
            .map(|it| json!({"id": it.id, "outcome": it.outcome.as_str(), "note": it.note}));
        json!({
            "differences_before": count(before),
            "campaigns_before": before.campaigns.iter().map(campaign_as_json).collect::<Vec<_>>(),
            "gone_before": differences_as_json(&before.gone),
            "orphans_before": differences_as_json(&before.orphans),
            "passes": of_pass.collect::<Vec<_>>(),
        })
    });
    json!({
        "equal": report.is_equal(),
        "differences": count(report),
        "campaigns": campaigns,
        "gone": differences_as_json(&report.gone),
        "orphans": differences_as_json(&report.orphans),
        "requests": report.cost.requests,
        "repair": repair,
    })
}

fn campaign_as_json(campaign: &CampaignReport) -> Value {
    let rejects = campaign.rejects.iter().map(|(row, path)| json!({"row": row, "path": path}));
    json!({
        "id": campaign.id,
        "name": campaign.name,
        "equal": campaign.is_equal(),
        "rows": campaign.rows,
        "differences": campaign.differences.len(),
        "listed": differences_as_json(&campaign.differences),
        "rejected": campaign.rejected,
        "rejects": rejects.collect::<Vec<_>>(),
        "moved_on": campaign.moved,
        "failure": campaign.failure,
    })
}

fn differences_as_json(differences: &[Difference]) -> Vec<Value> {
    let one = |it: &Difference| json!({"table": it.table, "key": it.key, "column": it.column, "kind": it.kind.as_str()});
    differences.iter().take(LISTED).map(one).collect()
}
