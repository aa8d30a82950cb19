//! What a row and a page cost, in counts: instructions and allocations a row, statements and requests a page. None of them is
//! a time, so that they are the same on a busy machine.
//!
//! Owns what is counted. `figures` has what it was when it was last looked at, and how much more is too much; `line` is what
//! instructions are counted of, `proxy` counts what goes to Postgres, `valgrind` what a program does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]
#![expect(clippy::cast_precision_loss, reason = "counts are far below what a float holds exactly")]

mod figures;
mod line;
mod proxy;
#[path = "../support/mod.rs"]
mod support;
mod valgrind;

use figures::{FIGURES, Figure, Verdict};
use proxy::{Counts, Proxy};
use revox_mirror::simulator::Options;
use std::path::Path;
use support::setting::Setting;
use support::{announce, variable};

/// Rows a page, as by default.
const PAGE: f64 = 100.0;

/// One campaign of this many rows, whose transcripts have sixteen turns.
fn account(rows: usize) -> Options {
    Options { campaigns: 1, rows, ..Options::default() }
}

/// A mirror of it, made without what is done after passes, and with leases that no slowness outlasts.
async fn setting(rows: usize) -> Setting {
    let mut setting = Setting::new(account(rows)).await;
    setting.simulator.edit(|account| account.render_all());
    for (name, value) in [
        // A batch a page, so that one more statement a batch is one more a page.
        ("REVOX_MIRROR__SYNC__BATCH_ROWS", "100"),
        ("REVOX_MIRROR__SEARCH__ENABLED", "false"),
        ("REVOX_MIRROR__VIEWS__PER_CAMPAIGN", "false"),
        ("REVOX_MIRROR__VIEWS__PER_ASSISTANT", "false"),
        ("REVOX_MIRROR__DAEMON__LEASE_TTL", "10m"),
        ("REVOX_MIRROR__LOG__LEVEL", "error"),
    ] {
        setting.set(name, value);
    }
    setting.program(&["migrate"]).await.exits(0);
    setting
}

fn figure(name: &str) -> &'static Figure {
    FIGURES.iter().find(|figure| figure.name == name).unwrap()
}

/// Holds counts to their figures; all of them are said before any fails.
fn hold(counted: &[(&str, f64)]) {
    let mut failures = Vec::new();
    for (name, count) in counted {
        let figure = figure(name);
        let verdict = figure.judge(*count);
        announce(&format!("{name}: {count:.1} (the figure is {})", figure.count));
        match verdict {
            Verdict::Holds => {}
            Verdict::Lower => announce(&format!("{name} has become cheaper: the figure can be lowered")),
            Verdict::Higher => failures.push(format!("{name} has grown from {} to {count:.1}", figure.count)),
            Verdict::Uncounted => failures.push(format!(
                "{name} was {} and is {count:.1}: what counts it may see nothing any more",
                figure.count
            )),
        }
    }
    assert!(
        failures.is_empty(),
        "{}. When that is the price of something that is wanted, put the new counts into tests/cost/figures.rs",
        failures.join("; ")
    );
}

/// What a backfill, an unchanged full walk and a pass over nothing new cost in statements and requests.
async fn passes(rows: usize) -> [(Counts, f64); 3] {
    let mut setting = setting(rows).await;
    let proxy = Proxy::before(setting.database().url()).await;
    setting.set("DATABASE_URL", proxy.url());
    let mut costs = Vec::new();
    for arguments in [&[][..], &["--full"], &[]] {
        proxy.reset();
        setting.simulator.reset_requests();
        setting.run(arguments).await.exits(0);
        costs.push((proxy.counts(), setting.simulator.requests().total as f64));
    }
    costs.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_and_requests_a_page_stay_what_they_are() {
    let (few, many) = (1_000, 4_000);
    let (before, after) = (passes(few).await, passes(many).await);
    let pages = (many - few) as f64 / PAGE;
    let a_page = |pass: usize, of: fn(&(Counts, f64)) -> f64| (of(&after[pass]) - of(&before[pass])) / pages;
    hold(&[
        ("statements a page, backfill", a_page(0, |cost| cost.0.statements)),
        ("round trips to Postgres a page, backfill", a_page(0, |cost| cost.0.round_trips)),
        ("requests a page, backfill", a_page(0, |cost| cost.1)),
        ("statements a page, unchanged walk", a_page(1, |cost| cost.0.statements)),
        ("round trips to Postgres a page, unchanged walk", a_page(1, |cost| cost.0.round_trips)),
        ("requests a page, unchanged walk", a_page(1, |cost| cost.1)),
        ("statements, nothing new", after[2].0.statements),
        ("requests, nothing new", after[2].1),
    ]);
}

/// Whether valgrind can count; when not, it is said.
fn valgrind_counts() -> bool {
    let at_hand = valgrind::is_at_hand();
    if let Err(why) = at_hand {
        announce(&format!("NOT TRIED: {why}, so that instructions and allocations are not counted"));
    }
    at_hand.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_a_row_stay_what_they_are() {
    if !valgrind_counts() {
        return;
    }
    let [new, unchanged] = line::instructions().await;
    // They depend on how the program is compiled: the figures are those of the profile by which CI builds its tests.
    if variable("CARGO_PROFILE_DEV_OPT_LEVEL").as_deref() == Some("1") {
        hold(&[("instructions a row, backfill", new), ("instructions a row, unchanged walk", unchanged)]);
    } else {
        announce(&format!(
            "{new:.0} and {unchanged:.0} instructions a row, held to figures in .ci/run alone"
        ));
    }
}

/// Rows of the two accounts that are compared.
const FEW: usize = 200;
const MANY: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn allocations_a_row_stay_what_they_are() {
    if !valgrind_counts() {
        return;
    }
    let mut blocks = [[0.0; 2]; 2];
    for (rows, blocks) in [FEW, MANY].into_iter().zip(&mut blocks) {
        let setting = setting(rows).await;
        let program = Path::new(env!("CARGO_BIN_EXE_revox-mirror"));
        for (arguments, blocks) in
            [&["run", "--once"][..], &["run", "--once", "--full"]].into_iter().zip(blocks)
        {
            *blocks = valgrind::count(program, arguments, &setting.environment).await.blocks;
        }
    }
    let a_row = |pass: usize| (blocks[1][pass] - blocks[0][pass]) / (MANY - FEW) as f64;
    hold(&[("allocations a row, backfill", a_row(0)), ("allocations a row, unchanged walk", a_row(1))]);
}

#[test]
fn growth_beyond_the_tolerance_is_found_and_thrift_is_said() {
    let cases = [
        (figures::about("sheep", 200.0), 219.9, Verdict::Holds),
        (figures::about("sheep", 200.0), 220.1, Verdict::Higher),
        (figures::about("sheep", 200.0), 180.1, Verdict::Holds),
        (figures::about("sheep", 200.0), 179.9, Verdict::Lower),
        (figures::about("sheep", 200.0), 70.0, Verdict::Lower),
        (figures::about("sheep", 200.0), 0.0, Verdict::Uncounted),
        (figures::counted("statements", 12.0), 12.4, Verdict::Holds),
        (figures::counted("statements", 12.0), 13.0, Verdict::Higher),
        (figures::counted("statements", 12.0), 11.0, Verdict::Lower),
    ];
    for (figure, count, verdict) in cases {
        assert_eq!(figure.judge(count), verdict, "{figure:?} {count}");
    }
}
