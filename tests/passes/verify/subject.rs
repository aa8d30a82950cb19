//! An account that has been mirrored, compared in this process.

use crate::support::account::{Account, full};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options};
use revox_mirror::verify::Report;

/// Both APIs.
pub(crate) fn flavours() -> [Flavour; 2] {
    [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())]
}

/// One campaign of this many rows.
pub(crate) fn small(flavour: Flavour, rows: usize) -> Options {
    Options { flavour, campaigns: 1, rows, turns: 4, ..Options::default() }
}

/// An account, mirrored.
pub(crate) async fn mirrored(options: Options) -> Account {
    let account = Account::new(options).await;
    account.complete_pass(&full()).await;
    account
}

/// What differs, a line each: kind, table, key, column.
pub(crate) fn found(report: &Report) -> Vec<String> {
    let of_campaigns = report.campaigns.iter().flat_map(|it| &it.differences);
    let mut found: Vec<String> = of_campaigns
        .chain(&report.gone)
        .chain(&report.orphans)
        .map(|it| format!("{}: {} {} {}", it.kind.as_str(), it.table, it.key, it.column.unwrap_or("-")))
        .collect();
    found.sort();
    found
}

/// What is found now. No campaign may fail.
pub(crate) async fn differences(account: &Account) -> Vec<String> {
    let report = account.verify().await;
    for campaign in &report.campaigns {
        assert_eq!(campaign.failure, None, "{}", campaign.id);
    }
    found(&report)
}
