//! A case from its first pass to the settled dust.

use crate::case::Case;
use crate::chance::Chance;
use crate::check::{Claim, Claims};
use crate::coverage::Coverage;
use crate::edits::Edit;
use crate::faults::{self, Trouble};
use crate::support::account::passing;
use crate::support::truth::{Scope, differences_within, summary};
use crate::worker::Worker;
use crate::world::World;
use chrono::DateTime;
use revox_mirror::clock::Clock;
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{FaultKind, Flavour, Simulator};
use revox_mirror::sync::{Mirror, PassOptions, PassReport, SyncError, run_pass};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// When cases begin, in microseconds since 1970: 2026-03-02T09:00:00Z.
const BEGIN: i64 = 1_772_442_000_000_000;

/// What may happen around and during one pass.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Edits before it.
    pub(crate) edits: usize,
    /// Seconds that go by before it.
    pub(crate) seconds: i64,
    pub(crate) faults: Vec<Trouble>,
    /// Edits in the middle of a walk: with which request for rows, from 1.
    pub(crate) during: Vec<(u64, Edit)>,
    /// The pass is aborted so long after this request for rows.
    pub(crate) kill: Option<(u64, Duration)>,
    pub(crate) full: bool,
    /// The account answers in its other way from before this pass on.
    pub(crate) switch: bool,
    /// The same from this request for rows on.
    pub(crate) switch_at: Option<u64>,
}

impl Step {
    /// Whether nothing stands in the pass's way.
    pub(crate) fn is_calm(&self) -> bool {
        self.faults.is_empty() && self.during.is_empty() && self.kill.is_none() && self.switch_at.is_none()
    }
}

/// A case that runs.
pub(crate) struct Run<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) simulator: Simulator,
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) coverage: Coverage,
    claims: Claims,
    mirror: Mirror,
    menu: Vec<Edit>,
    /// The way in which the account answers now, and the other one, if it has any.
    pub(crate) ways: (Flavour, Option<Flavour>),
    pub(crate) switching: Chance,
    /// Whether the API says in two ways how many rows there are.
    counts: bool,
    /// Whether a walk can be taken up again where it was broken off.
    resumes: bool,
    /// Whether an answer has lied since the last calm pass: how the API pages may have to be found out again.
    pub(crate) is_misled: bool,
    /// Campaigns whose walk was broken off by a kill alone.
    broken_off: BTreeSet<String>,
    now: Arc<AtomicI64>,
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the case of a seed; what it covered, or what was wrong.
pub(crate) async fn run_case(worker: &Worker, seed: u64) -> Result<Coverage, String> {
    let now = Arc::new(AtomicI64::new(BEGIN));
    let reading = Arc::clone(&now);
    // Time passes whenever someone looks at the clock, so that no two edits happen at the same moment.
    let clock = Clock::from_fn(move || {
        DateTime::from_timestamp_micros(reading.fetch_add(1_000, Ordering::Relaxed)).unwrap()
    });
    let case = Case::draw(seed, &clock);
    worker.clear().await;
    let simulator = Simulator::start(case.options.clone()).await.unwrap();
    let mut run = Run {
        worker,
        mirror: worker.mirror(&simulator, &case.settings, &clock).await,
        world: Arc::new(Mutex::new(World::new(case.chance.clone(), case.rows))),
        coverage: Coverage::default(),
        claims: Claims::default(),
        is_misled: false,
        broken_off: BTreeSet::new(),
        menu: case.menu.clone(),
        ways: (case.options.flavour, case.other),
        switching: case.switching.clone(),
        counts: case.counts_rows(),
        resumes: !case.options.flavour.is_newer() && case.other.is_none(),
        simulator,
        now,
    };
    for api in case.api() {
        run.coverage.add(format!("api: {api}"), 1);
    }
    let ended = match run.evolve().await {
        Ok(()) => run.settle().await,
        failed => failed,
    };
    if let Err(failure) = ended {
        return Err(format!(
            "{failure}\n{:?}, {:?}\n{}",
            case.options.flavour,
            case.other,
            run.world().story.join("\n")
        ));
    }
    let edits = run.world().edits.clone();
    for (edit, times) in edits {
        run.coverage.add(format!("edit: {edit:?}"), times);
    }
    run.simulator.stop().await;
    Ok(run.coverage)
}

impl Run<'_> {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn tell(&self, event: String) {
        self.world().story.push(event);
    }

    /// A backfill and some passes, each with what chance brings; then what the case has not covered yet.
    async fn evolve(&mut self) -> Result<(), String> {
        let steps = self.world().chance.count(3..6);
        for number in 0..=steps {
            let mut step = self.draw_step(number == 0);
            self.draw_switch(&mut step, number == 0);
            let killed = step.kill.is_some();
            self.pass(step).await?;
            // What was broken off is sometimes taken up before anything else happens.
            if killed && self.world().chance.happens(50) {
                self.pass(Step::default()).await?;
            }
        }
        for _ in 0..6 {
            let Some((_, step)) = self.missing_step() else { break };
            // Edits only show in campaigns that are listed and do not stand still.
            self.settle_account();
            self.pass(step).await?;
        }
        if let Some((what, _)) = self.missing_step() {
            return Err(format!("the case did not cover: {what}"));
        }
        if self.resumes && self.coverage.times("walks taken up again") == 0 {
            let kill = Some((4, Duration::from_millis(5)));
            self.pass(Step { full: true, kill, ..Step::default() }).await?;
            self.pass(Step::default()).await?;
        }
        Ok(())
    }

    fn draw_step(&self, is_first: bool) -> Step {
        let campaigns = self.simulator.campaign_ids();
        let mut world = self.world();
        let chance = &mut world.chance;
        let mut step = Step {
            edits: if is_first { 0 } else { chance.count(1..6) },
            seconds: *chance.pick(&[0, 1, 5, 400, 5_000, 90_000]),
            full: chance.happens(40),
            ..Step::default()
        };
        if chance.happens(40) {
            step.faults = faults::draw(chance, &campaigns, |kind| {
                // An empty answer of an API that counts nothing is an empty campaign.
                self.counts || !matches!(kind, FaultKind::EmptyRows)
            });
        }
        if chance.happens(45) {
            let edits: Vec<Edit> = self.menu.iter().copied().filter(|it| it.shows_itself()).collect();
            step.during =
                (0..chance.count(1..4)).map(|_| (chance.number(1..9), *chance.pick(&edits))).collect();
            if chance.happens(50) {
                step.during.push((chance.number(2..7), Edit::SlipRow));
            }
        }
        if chance.happens(35) {
            step.kill = Some((chance.number(1..12), Duration::from_millis(*chance.pick(&[0, 1, 3, 8, 20]))));
        }
        step
    }

    /// What every case must have and this one has not had yet, and a step that brings it.
    fn missing_step(&self) -> Option<(&'static str, Step)> {
        let lacks = |what| self.coverage.times(what) == 0;
        let step = Step { full: true, ..Step::default() };
        if lacks("passes killed") {
            Some(("a kill", Step { kill: Some((1, Duration::ZERO)), ..step }))
        } else if lacks("requests that met a fault") {
            Some(("a fault", Step { faults: vec![faults::certain()], ..step }))
        } else if lacks("walks that rows shifted in") {
            let during = (1..9).map(|request| (request, Edit::SlipRow)).collect();
            Some(("a shift", Step { during, ..step }))
        } else if self.ways.1.is_some() && lacks("switches between passes") {
            Some(("a switch", Step { switch: true, edits: 2, full: false, ..step }))
        } else if self.world().edit_count() < 10 {
            Some(("ten edits", Step { edits: 10, ..step }))
        } else {
            None
        }
    }

    /// Makes one pass and checks what it claims.
    async fn pass(&mut self, mut step: Step) -> Result<(), String> {
        self.edit_between(&step).await;
        if step.switch {
            self.switch_way().await;
        }
        let campaigns = self.simulator.campaign_ids();
        if campaigns.iter().any(|campaign| self.world().lies(campaign)) {
            step.faults.retain(|trouble| !trouble.lies);
        }
        for trouble in &step.faults {
            self.coverage.add(format!("fault: {}", trouble.name), 1);
            self.simulator.inject(trouble.fault.clone());
        }
        self.is_misled |= step.faults.iter().any(|trouble| trouble.lies);
        let killing = Arc::new(Notify::new());
        self.hook(&step, &killing);
        let options = PassOptions { full: step.full, ..passing() };
        self.tell(format!("a pass: {step:?}"));
        // Aborted like a process that ends: at any point where it waits.
        let ended = tokio::select! {
            ended = run_pass(&self.mirror, &options) => Some(ended),
            () = async {
                killing.notified().await;
                tokio::time::sleep(step.kill.map_or(Duration::ZERO, |(_, delay)| delay)).await;
            } => None,
        };
        let requests = self.simulator.requests();
        self.note_way().await;
        self.simulator.clear_faults();
        self.simulator.on_request(|_, _, _| {});
        self.coverage.add("passes", 1);
        self.coverage.add("requests that met a fault", requests.faults);
        let shifts = std::mem::take(&mut self.world().shifts);
        self.coverage.add("walks that rows shifted in", shifts);
        let claims = self.claims.take(self.worker).await;
        for claim in &claims {
            self.tell(format!("{claim:?}"));
        }
        if let Some(ended) = &ended {
            self.check_liveness(&step, ended, &claims)?;
        } else {
            self.coverage.add("passes killed", 1);
            // A process that ends takes its connections with it.
            self.mirror.store = Some(self.worker.open().await);
            self.worker.bury_holders().await;
            self.stand_still().await;
        }
        let world = self.world().clone();
        self.claims.keeps = self.ways.1.is_some();
        let checked = (&world, &requests);
        let proven =
            self.claims.check(&claims, self.worker, &self.simulator, checked, &mut self.coverage).await?;
        self.world().hidden.retain(|campaign| !proven.contains(campaign));
        let under_way = self.worker.under_way().await;
        if ended.is_some() {
            self.world().begun_otherwise.retain(|campaign| under_way.contains(campaign));
        }
        self.note_broken_off(&step, ended.is_none()).await;
        Ok(())
    }

    /// With nothing in its way, a pass comes to its end; one that was broken off by a kill alone goes on where
    /// it was.
    fn check_liveness(
        &mut self,
        step: &Step,
        ended: &Result<PassReport, SyncError>,
        claims: &[Claim],
    ) -> Result<(), String> {
        if !step.is_calm() {
            return Ok(());
        }
        let report = ended.as_ref().map_err(|error| format!("a calm pass failed: {error:?}"))?;
        let world = self.world().clone();
        for campaign in report.campaigns.iter().filter(|campaign| !world.lies(&campaign.id)) {
            // One that an answer without rows made suspicious rests a while, and says so.
            let rests =
                campaign.note.as_ref().is_some_and(|note| note.contains("as an earlier pass has reported"));
            if !rests && !matches!(campaign.outcome, Outcome::Complete | Outcome::Skipped) {
                return Err(format!("a calm pass is {:?}: {:?}", campaign.outcome, campaign.note));
            }
        }
        // A walk over attempts that two calls list may be made twice.
        let is_clear = step.edits == 0 && !world.edits.contains_key(&Edit::ShareAttempt) && !self.is_misled;
        self.is_misled = false;
        let resumed = claims.iter().filter(|claim| self.broken_off.contains(&claim.campaign_id));
        for claim in resumed.filter(|claim| is_clear && !world.lies(&claim.campaign_id)) {
            self.coverage.add("walks taken up again", 1);
            if claim.rounds != Some(1) {
                return Err(format!("a walk that was taken up again took {:?} rounds", claim.rounds));
            }
        }
        Ok(())
    }

    /// Remembers which walks a kill alone has broken off after their first commit.
    async fn note_broken_off(&mut self, step: &Step, killed: bool) {
        self.broken_off.clear();
        if killed && step.faults.is_empty() && step.during.is_empty() {
            let before = self.world().under_way.clone();
            let begun: BTreeSet<String> = self.worker.begun().await.into_iter().collect();
            self.broken_off = &begun - &before;
        }
    }

    async fn edit_between(&mut self, step: &Step) {
        self.now.fetch_add(step.seconds * 1_000_000, Ordering::Relaxed);
        let under_way = self.worker.under_way().await;
        self.world().under_way = under_way.into_iter().collect();
        let mut made = 0;
        for _ in 0..5 * step.edits {
            let done = self.simulator.edit(|account| {
                let mut world = lock(&self.world);
                let edit = *world.chance.pick(&self.menu);
                world.edit(account, edit)
            });
            made += usize::from(done);
            if made == step.edits {
                break;
            }
        }
        self.coverage.add("edits between passes", u64::try_from(made).unwrap());
    }

    /// Edits during the pass, and its end, when it is to be killed.
    fn hook(&self, step: &Step, killing: &Arc<Notify>) {
        self.simulator.reset_requests();
        self.world().begin_pass();
        let (world, killing) = (Arc::clone(&self.world), Arc::clone(killing));
        let (during, kill) = (step.during.clone(), step.kill);
        let switch = step.switch_at.zip(self.ways.1);
        self.simulator.on_request(move |number, path, account| {
            let mut world = lock(&world);
            let campaign = World::campaign_of(path);
            *world.requests.entry(campaign.to_owned()).or_default() += 1;
            if let Some((_, flavour)) = switch.filter(|(at, _)| *at == number) {
                account.set_flavour(flavour);
            }
            for (_, edit) in during.iter().filter(|(at, _)| *at == number) {
                world.edit_during(account, *edit, campaign);
            }
            if kill.is_some_and(|(at, _)| at == number) {
                killing.notify_one();
            }
        });
    }

    /// Waits until the simulator has answered all that a killed pass asked.
    async fn stand_still(&self) {
        loop {
            self.simulator.reset_requests();
            if self.simulator.requests().most_at_once == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn settle_account(&mut self) {
        self.simulator.edit(|account| lock(&self.world).settle(account));
        self.broken_off.clear();
    }

    /// Stops the edits and the faults: now the mirror must come to be equal to the account.
    async fn settle(&mut self) -> Result<(), String> {
        self.settle_account();
        // A campaign that is gone is believed to be when two passes have found it so.
        for _ in 0..2 {
            self.pass(Step { full: true, seconds: 10, ..Step::default() }).await?;
            let live = self.worker.column("select id from revox.campaigns where _deleted_at is null").await;
            let there = self.simulator.campaign_ids();
            if live.iter().all(|campaign| there.contains(campaign)) {
                break;
            }
        }
        let scope = Scope { keeps: self.ways.1.is_some(), ..Scope::default() };
        let differences = differences_within(&self.simulator, &self.worker.pool, &scope).await;
        if differences.is_empty() { Ok(()) } else { Err(format!("settled: {}", summary(&differences))) }
    }
}
