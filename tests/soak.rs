//! Months in minutes: three daemons share thirty campaigns that live, while the API fails, processes are killed and frozen, and
//! Postgres restarts. At the end the mirror equals the account, and the daemon that was spared is as small as it was.
//!
//! `SOAK_SECONDS` says for how long (30 unless set), `SOAK_SEED` which story; the seed is printed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use revox_mirror::clock::Clock;
use revox_mirror::localdb::LocalDb;
use revox_mirror::simulator::{Fault, FaultKind, Options, RetryAfter, Simulator};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::announce;
use support::cluster::{local_options, open_directory};
use support::running::{Running, until};
use support::setting::Setting;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const CAMPAIGNS: usize = 30;

const ENVIRONMENT: [(&str, &str); 9] = [
    ("REVOX_MIRROR__SCHEDULE__CRON", "*/2 * * * * *"),
    ("REVOX_MIRROR__SCHEDULE__JITTER", "200ms"),
    ("REVOX_MIRROR__DAEMON__LEASE_TTL", "3s"),
    ("REVOX_MIRROR__SYNC__FULL_WALK_EVERY", "20s"),
    ("REVOX_MIRROR__SYNC__FULL_WALK_AT_MOST", "40s"),
    ("REVOX_MIRROR__SYNC__SETTLE_WINDOW", "15s"),
    ("REVOX_MIRROR__API__MAX_TRIES", "3"),
    ("REVOX_MIRROR__API__RETRY_BUDGET", "5s"),
    ("REVOX_MIRROR__LOG__LEVEL", "warn"),
];

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Holding {
    kibibytes: u64,
    files: usize,
}

fn holding(process: u32) -> Holding {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kibibytes = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    Holding { kibibytes, files }
}

/// Stops the cluster: in good order, or as a crash would.
async fn end_postgres(directory: &Path, how: Signal) {
    let file = directory.join("cluster/postmaster.pid");
    let text = std::fs::read_to_string(&file).unwrap();
    let process: i32 = text.lines().next().unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(process), how).unwrap();
    // Its parent may be this process, which does not ask how it ended.
    let runs = || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    };
    until("Postgres has ended", async || !runs()).await;
}

fn trouble(draw: &mut StdRng) -> Fault {
    let kind = match draw.random_range(0..8) {
        0 => FaultKind::Status(500),
        1 => FaultKind::Status503Html,
        2 => FaultKind::Status429(RetryAfter::Seconds(1)),
        3 => FaultKind::Reset,
        4 => FaultKind::Truncated,
        5 => FaultKind::MalformedJson,
        6 => FaultKind::HalfJson,
        _ => FaultKind::Slow(Duration::from_millis(400)),
    };
    Fault::new(kind).at_random(40, draw.random()).times(draw.random_range(1..15))
}

/// Something that people do to campaigns besides calling.
fn edit(simulator: &Simulator, draw: &mut StdRng) {
    let campaign = draw.random_range(0..CAMPAIGNS);
    let kind = draw.random_range(0..4);
    let row = draw.random_range(0..20);
    simulator.edit(|account| {
        // A row that is not there (any more) is left alone.
        let _ = match kind {
            0 => account.append_rows(campaign, 3),
            1 => account.delete_row(campaign, row),
            2 => account.replace_call(campaign, row),
            _ => account.advance_calls(campaign, 5).map(drop),
        };
    });
}

/// Asks a daemon to end in good order. One that is still starting has nothing to end, and says that it was interrupted.
async fn stop(daemon: Running) {
    daemon.signal(Signal::SIGTERM);
    let run = daemon.ended().await;
    assert!(run.code == Some(0) || run.err.contains("interrupted"), "{:?}: {}", run.code, run.err);
}

/// Everything that takes part.
struct Soak {
    draw: StdRng,
    directory: TempDir,
    clusters: Vec<LocalDb>,
    setting: Arc<Setting>,
    /// The first one is never killed.
    daemons: Vec<Running>,
}

impl Soak {
    async fn begin(seed: u64) -> Self {
        let directory = open_directory();
        let cluster = LocalDb::start(local_options(directory.path())).await.unwrap();
        let clock = Some(Clock::system());
        let options = Options { campaigns: CAMPAIGNS, rows: 40, turns: 2, seed, clock, ..Options::default() };
        let setting = Setting::over(options, cluster.url().expose_secret()).await;
        setting.program(&["migrate"]).await.exits(0);
        let daemons = (0..3).map(|_| setting.daemon(&ENVIRONMENT)).collect();
        let draw = StdRng::seed_from_u64(seed);
        Self { draw, directory, clusters: vec![cluster], setting: Arc::new(setting), daemons }
    }

    /// Calls go on until it is told otherwise.
    fn live(&self, lives: &Arc<AtomicBool>) -> JoinHandle<()> {
        let (setting, lives) = (Arc::clone(&self.setting), Arc::clone(lives));
        tokio::spawn(async move {
            while lives.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                setting.simulator.edit(|account| account.tick().unwrap());
            }
        })
    }

    /// One of the two that may be killed.
    fn one_of_the_others(&mut self) -> &mut Running {
        let place = self.draw.random_range(1..3);
        &mut self.daemons[place]
    }

    /// Something happens; what it was.
    async fn happen(&mut self) -> &'static str {
        match self.draw.random_range(0..12) {
            0..=3 => {
                self.setting.simulator.inject(trouble(&mut self.draw));
                "the API failed"
            }
            4..=6 => {
                edit(&self.setting.simulator, &mut self.draw);
                "somebody edited a campaign"
            }
            7 => {
                let another = self.setting.daemon(&ENVIRONMENT);
                std::mem::replace(self.one_of_the_others(), another).kill().await;
                "a daemon was killed"
            }
            8 => {
                let another = self.setting.daemon(&ENVIRONMENT);
                stop(std::mem::replace(self.one_of_the_others(), another)).await;
                "a daemon was stopped"
            }
            9 | 10 => {
                let pause = Duration::from_millis(self.draw.random_range(200..5000));
                let daemon = &self.daemons[self.draw.random_range(0..3)];
                daemon.signal(Signal::SIGSTOP);
                tokio::time::sleep(pause).await;
                daemon.signal(Signal::SIGCONT);
                "a daemon was frozen"
            }
            _ => {
                let how = if self.draw.random_bool(0.5) { Signal::SIGINT } else { Signal::SIGQUIT };
                end_postgres(self.directory.path(), how).await;
                tokio::time::sleep(Duration::from_millis(self.draw.random_range(0..2000))).await;
                self.clusters.push(LocalDb::start(local_options(self.directory.path())).await.unwrap());
                self.start_those_that_ended();
                "Postgres restarted"
            }
        }
    }

    /// A daemon that finds no database at its start ends, as it should.
    fn start_those_that_ended(&mut self) {
        for daemon in self.daemons.iter_mut().skip(1) {
            if daemon.has_ended() {
                *daemon = self.setting.daemon(&ENVIRONMENT);
            }
        }
    }

    /// What must be so at the end.
    async fn end(mut self) {
        self.start_those_that_ended();
        for daemon in self.daemons {
            stop(daemon).await;
        }
        let setting = &self.setting;
        let overlaps = "select count(*) from revox_sync.runs a join revox_sync.runs b
                        on a.campaign_id = b.campaign_id and a.id < b.id
                        where a.finished_at > b.started_at
                          and a.error is distinct from 'broken off; what it committed stays'";
        assert_eq!(setting.count(overlaps).await, 0, "two passes over one campaign at once");
        setting.program(&["verify"]).await.exits(0);
        drop(self.clusters);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_daemons_keep_thirty_living_campaigns_through_whatever_happens() {
    let seconds: u64 = support::variable("SOAK_SECONDS").map_or(30, |text| text.parse().unwrap());
    let seed: u64 = support::variable("SOAK_SEED").map_or_else(rand::random, |text| text.parse().unwrap());
    announce(&format!("the soak lasts {seconds} s; its seed is {seed}"));
    let mut soak = Soak::begin(seed).await;
    let lives = Arc::new(AtomicBool::new(true));
    let life = soak.live(&lives);
    let began = Instant::now();
    let lasts = Duration::from_secs(seconds);
    let spared = soak.daemons[0].process();
    let mut first = None;
    let mut happened = BTreeMap::new();
    while began.elapsed() < lasts {
        tokio::time::sleep(Duration::from_millis(soak.draw.random_range(500..2500))).await;
        if first.is_none() && began.elapsed() > Duration::from_mins(1).min(lasts / 3) {
            first = Some(holding(spared));
        }
        *happened.entry(soak.happen().await).or_insert(0) += 1;
    }
    lives.store(false, Ordering::SeqCst);
    life.await.unwrap();
    soak.setting.simulator.clear_faults();
    soak.start_those_that_ended();
    announce(&format!("what happened: {happened:?}"));
    soak.setting.until_equal().await;
    let (first, last) = (first.unwrap(), holding(spared));
    announce(&format!("the daemon that was spared held {first:?} early on, and {last:?} at the end"));
    assert!(
        last.kibibytes <= first.kibibytes + first.kibibytes / 4 + 12 * 1024,
        "memory: {first:?}, {last:?}"
    );
    assert!(last.files <= first.files + 10, "files: {first:?}, {last:?}");
    soak.end().await;
}
