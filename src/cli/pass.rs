//! One pass as the commands make it: options out of the configuration, progress, the summary.

use super::Context;
use super::bars::Bars;
use super::table::Table;
use super::terminal::Terminal;
use crate::api::ClientOptions;
use crate::config::{Account, ConfigError, Keeping, NumberForm, Settings};
use crate::normalize::{self, PhoneNumbers, Privacy, PrivacyKey};
use crate::observe::{LogProgress, Progress};
use crate::plan::Outcome;
use crate::sync::{PassReport, RowCounts, SyncSettings};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

/// The API client's options.
pub(super) fn client_options(settings: &Settings, account: &Account) -> ClientOptions {
    let api = &settings.api;
    ClientOptions {
        base_url: account.base_url.clone(),
        api_key: account.api_key.clone(),
        max_concurrent_requests: api.max_concurrent_requests,
        requests_per_second: account.requests_per_second,
        connect_timeout: api.connect_timeout,
        total_timeout: api.total_timeout,
        max_tries: api.max_tries,
        retry_budget: api.retry_budget,
        backoff_base: ClientOptions::DEFAULT_BACKOFF_BASE,
        max_answer_bytes: api.max_answer_bytes,
    }
}

/// How long a repair waits for what another process works on.
pub(super) const LEASE_WAIT: Duration = Duration::from_mins(1);

/// How passes are made.
pub(super) fn sync_settings(settings: &Settings) -> Result<SyncSettings, ConfigError> {
    Ok(SyncSettings {
        page_size: settings.api.page_size,
        max_concurrent_campaigns: settings.sync.max_concurrent_campaigns,
        batch_rows: settings.sync.batch_rows,
        max_bytes_in_flight: settings.api.max_bytes_in_flight,
        walk_pages_at_most: settings.sync.walk_pages_at_most,
        pages_ahead: settings.api.max_concurrent_requests,
        settle_window: settings.sync.settle_window,
        full_walk_every: settings.sync.full_walk_every,
        full_walk_at_most: settings.sync.full_walk_at_most,
        look_at_most: settings.schedule.look_at_most,
        lease_ttl: settings.daemon.lease_ttl,
        views_per_campaign: settings.views.per_campaign,
        views_per_assistant: settings.views.per_assistant,
        normalize: normalize::Options {
            keep_llm_system_prompt: settings.sync.keep_llm_system_prompt,
            privacy: privacy(settings),
            privacy_key: settings.privacy.key()?.map(|secret| PrivacyKey::new(secret.expose_secret())),
            // The database says when a pass begins.
            retention: normalize::Retention::default(),
        },
    })
}

/// What of people is left out.
fn privacy(settings: &Settings) -> Privacy {
    let privacy = &settings.privacy;
    Privacy {
        no_transcripts: privacy.transcripts == Keeping::LeaveOut,
        no_recording_urls: privacy.recording_urls == Keeping::LeaveOut,
        input_keys_left_out: privacy.input_keys_left_out(),
        phone_numbers: match privacy.phone_numbers {
            NumberForm::Full => PhoneNumbers::Full,
            NumberForm::Hashed => PhoneNumbers::Hashed,
            NumberForm::Masked => PhoneNumbers::Masked,
        },
    }
}

/// Bars where somebody can see them, log lines otherwise.
pub(super) fn progress(terminal: &Terminal) -> Arc<dyn Progress> {
    match terminal.bars() {
        Some(bars) => Arc::new(Bars::new(bars.clone())),
        None => Arc::new(LogProgress::default()),
    }
}

/// What accepts deletions.
pub(super) const ACCEPT: &str =
    "`revox-mirror run --once --accept-deletions` marks as gone what was reported, and no more";

/// Shows how a pass went, a line a campaign and one for all.
pub(super) fn show_summary(context: &Context, report: &PassReport, dry_run: bool) {
    let headings = [
        "campaign",
        "outcome",
        "seen",
        "inserted",
        "updated",
        "unchanged",
        "tombstoned",
        "rejected",
        "requests",
    ];
    let mut table = Table::with_headings(headings);
    let mut all = RowCounts::default();
    for campaign in &report.campaigns {
        let name = if campaign.name.is_empty() { &campaign.id } else { &campaign.name };
        table.add(line(name, campaign.outcome.as_str(), &campaign.rows, campaign.cost.requests));
        add(&mut all, &campaign.rows);
    }
    table.add(line("all", "", &all, report.cost.requests));
    let terminal = &context.terminal;
    if dry_run {
        terminal.print("A dry run: nothing was written. This is what would have been done:");
    }
    terminal.print(&table.render());
    for campaign in &report.campaigns {
        if let Some(note) = &campaign.note {
            terminal.print(&format!("{} ({}): {note}", campaign.name, campaign.id));
        }
    }
    if report.campaigns.iter().any(|campaign| campaign.outcome == Outcome::Suspicious) {
        terminal.print(&format!(
            "Rows are gone from the API, and none was marked as gone here. Look at the campaign in Revox. If it is right, \
             {ACCEPT}; if not, the rows stay as they are until they are back."
        ));
    }
    if let Some(reason) = &report.suspicious {
        terminal.print(&format!(
            "Campaigns are gone from the API, and none was marked as gone here: {reason}. If that is right, {ACCEPT}; \
             if not, look at the key and the base URL."
        ));
    }
    if report.campaigns_tombstoned > 0 {
        terminal.print(&format!("campaigns that are gone: {}", report.campaigns_tombstoned));
    }
    if all.rejected > 0 && !dry_run {
        terminal.print("What could not land stands in revox_sync.rejects, each with its reason.");
    }
    tracing::info!(
        campaigns = report.campaigns.len(),
        campaigns_tombstoned = report.campaigns_tombstoned,
        rows_seen = all.seen,
        rows_inserted = all.inserted,
        rows_updated = all.updated,
        rows_unchanged = all.unchanged,
        rows_tombstoned = all.tombstoned,
        rejected = all.rejected,
        rejected_new = all.rejected_new,
        requests = report.cost.requests,
        retries = report.cost.retries,
        bytes = report.cost.bytes,
        dry_run,
        "pass finished"
    );
}

fn line(name: &str, outcome: &str, rows: &RowCounts, requests: u64) -> Vec<String> {
    let counts =
        [rows.seen, rows.inserted, rows.updated, rows.unchanged, rows.tombstoned, rows.rejected, requests];
    let words = [name.to_owned(), outcome.to_owned()];
    words.into_iter().chain(counts.map(|count| count.to_string())).collect()
}

fn add(all: &mut RowCounts, rows: &RowCounts) {
    let RowCounts { seen, inserted, updated, unchanged, tombstoned, rejected, rejected_new } = rows;
    all.seen += seen;
    all.inserted += inserted;
    all.updated += updated;
    all.unchanged += unchanged;
    all.tombstoned += tombstoned;
    all.rejected += rejected;
    all.rejected_new += rejected_new;
}
