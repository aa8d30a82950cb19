//! The same with the real program, killed by the system at any moment.

use crate::case::Case;
use crate::edits::Edit;
use crate::faults;
use crate::support::announce;
use crate::support::program::{self, signal};
use crate::support::truth::{differences, summary};
use crate::worker::Worker;
use crate::world::World;
use nix::sys::signal::Signal;
use revox_mirror::clock::Clock;
use revox_mirror::simulator::Simulator;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::process::Child;

/// Cases, each with runs of a process.
const CASES: u64 = 4;

/// Runs of a case before the dust settles.
const RUNS: u64 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_its_account_evolves_comes_to_be_equal_to_it() {
    let worker = Worker::new().await;
    let mut kills = 0;
    for seed in 1..=CASES {
        kills += run_case(&worker, seed).await;
    }
    announce(&format!("{CASES} accounts survived {kills} kills of the real program"));
    assert!(kills >= CASES, "{kills} kills came in time");
}

/// Runs one case; how many kills came before the program ended by itself.
async fn run_case(worker: &Worker, seed: u64) -> u64 {
    worker.clear().await;
    let case = Case::draw(seed, &Clock::system());
    let simulator = Simulator::start(case.options.clone()).await.unwrap();
    let world = Arc::new(Mutex::new(World::new(case.chance.clone(), case.rows)));
    let environment = [
        ("REVOX_API_KEY", "demo-key".to_owned()),
        ("REVOX_BASE_URL", simulator.base_url()),
        ("DATABASE_URL", worker.url().to_owned()),
        ("REVOX_MIRROR__API__PAGE_SIZE", case.settings.page_size.to_string()),
        ("REVOX_MIRROR__SYNC__BATCH_ROWS", case.settings.batch_rows.to_string()),
    ];
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut kills = 0;
    for _ in 0..RUNS {
        let under_way = worker.under_way().await;
        let (number, pause) = {
            let mut world = world.lock().unwrap();
            world.under_way = under_way.into_iter().collect();
            simulator.edit(|account| {
                for _ in 0..4 {
                    let edit = *world.chance.pick(&case.menu);
                    world.edit(account, edit);
                }
            });
            let campaigns = simulator.campaign_ids();
            for trouble in faults::draw(&mut world.chance, &campaigns, |_| false) {
                simulator.inject(trouble.fault);
            }
            (world.chance.number(1..15), Duration::from_millis(world.chance.number(0..25)))
        };
        hook(&simulator, &world, &case.menu);
        simulator.reset_requests();
        let mut child = program::start(&["run", "--once"], &environment);
        if has_asked(&simulator, &mut child, number).await {
            tokio::time::sleep(pause).await;
            signal(&child, Signal::SIGKILL);
        }
        kills += u64::from(program::ended(child).await.code.is_none());
        simulator.clear_faults();
    }
    simulator.on_request(|_, _, _| {});
    simulator.edit(|account| world.lock().unwrap().settle(account));
    // A campaign that is gone is believed to be when two passes have found it so.
    for _ in 0..2 {
        program::run(&["run", "--once", "--full"], &environment).await.exits(0);
    }
    let differences = differences(&simulator, &worker.pool).await;
    assert!(differences.is_empty(), "seed {seed}: {}", summary(&differences));
    simulator.stop().await;
    kills
}

/// Edits campaigns now and then in the middle of their walks.
fn hook(simulator: &Simulator, world: &Arc<Mutex<World>>, menu: &[Edit]) {
    let (world, menu) = (Arc::clone(world), menu.to_vec());
    simulator.on_request(move |_, path, account| {
        let mut world = world.lock().unwrap();
        if world.chance.happens(20) {
            let edit = *world.chance.pick(&menu);
            world.edit_during(account, edit, World::campaign_of(path));
        }
    });
}

/// Waits until the program has asked for rows so often; false when it has ended before.
async fn has_asked(simulator: &Simulator, child: &mut Child, number: u64) -> bool {
    while simulator.requests().count("GET /campaigns/{id}/rows") < number {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}
