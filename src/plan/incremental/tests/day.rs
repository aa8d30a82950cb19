//! A day of calls in dialling order: what passes cost when settling rows are read again, too.

use super::announce;
use super::api::{Api, Dice, difference, pass, task};
use crate::plan::incremental::{Purpose, Task};
use std::collections::BTreeMap;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const ROWS: usize = 100_000;
const CALLS: usize = 5_000;
/// Rows that were called before the day.
const CALLED: usize = 60_000;
/// When after its call's end a row is read again, and how much later at the latest.
const SETTLING: [(u64, u64); 5] = [
    (5 * MINUTE, 10 * MINUTE),
    (15 * MINUTE, 30 * MINUTE),
    (HOUR, HOUR),
    (6 * HOUR, 3 * HOUR),
    (DAY, 6 * HOUR),
];

/// Finished calls that may still change. Times are in seconds since the day before the one that is simulated.
#[derive(Debug, Default)]
struct Settling {
    /// By place: when the call ended, and how many times the row was read again.
    rows: BTreeMap<usize, (u64, usize)>,
}

impl Settling {
    /// A page has shown the row as finished.
    fn read(&mut self, place: usize, ended: u64, now: u64) {
        let stage = SETTLING.iter().take_while(|(after, _)| ended + after <= now).count();
        if stage < SETTLING.len() {
            self.rows.insert(place, (ended, stage));
        } else {
            self.rows.remove(&place);
        }
    }

    /// The rows that cannot wait for another reason to read their page.
    fn overdue(&self, now: u64) -> Vec<usize> {
        let is_overdue = |(ended, stage): (u64, usize)| {
            let (after, tolerated) = SETTLING[stage];
            ended + after + tolerated <= now
        };
        self.rows.iter().filter(|(_, row)| is_overdue(**row)).map(|(place, _)| *place).collect()
    }
}

/// What happens to the rows called on the day: place, new status, by time.
fn events(dice: &mut Dice) -> BTreeMap<(u64, usize), &'static str> {
    let mut events = BTreeMap::new();
    for call in 0..CALLS {
        let place = CALLED + call;
        let mut at = DAY + DAY * call as u64 / CALLS as u64;
        events.insert((at, place), "queued_for_calling");
        at += 5;
        loop {
            events.insert((at, place), "calling");
            at += MINUTE + dice.roll() % (4 * MINUTE);
            if dice.below(100) >= 15 {
                break;
            }
            events.insert((at, place), "scheduled");
            at += HOUR / 2 + dice.roll() % (2 * HOUR);
        }
        events.insert((at, place), dice.pick(&["completed", "completed", "completed", "errored"]));
    }
    events
}

#[test]
fn a_day_of_5000_calls_costs_12_requests_a_pass() {
    let mut dice = Dice(1);
    let mut statuses = vec![Some("completed"); CALLED];
    statuses.resize(ROWS, None);
    let mut api = Api::new(100, statuses);
    let mut mirror = api.mirror();
    let mut settling = Settling::default();
    let mut ended: BTreeMap<usize, u64> = BTreeMap::new();
    // The calls of the day before are settling when the day begins.
    for call in 0..CALLS {
        let at = DAY * call as u64 / CALLS as u64;
        ended.insert(CALLED - CALLS + call, at);
        settling.read(CALLED - CALLS + call, at, DAY);
    }
    let mut coming = events(&mut dice);
    let (mut requests, mut purposes) = (Vec::new(), BTreeMap::<Purpose, usize>::new());
    for turn in 0..DAY / (5 * MINUTE) {
        let now = DAY + turn * 5 * MINUTE;
        let later = coming.split_off(&(now + 1, 0));
        let changed = !coming.is_empty();
        for ((at, place), status) in std::mem::replace(&mut coming, later) {
            api.set(place, Some(status));
            if matches!(status, "completed" | "errored") {
                ended.insert(place, at);
            }
        }
        let due = settling.overdue(now);
        let start =
            Task { due, changed, probe: turn.is_multiple_of(3).then_some(turn / 3), ..task(&api, mirror) };
        let passed = pass(&mut api, start);
        assert!(passed.is_proven(), "turn {turn}: {:?}", passed.finding);
        assert_eq!(difference(&api, &passed.sequence), None, "turn {turn}");
        for place in passed.shown.iter().filter_map(|key| passed.sequence.rank(key)) {
            if let Some(at) = ended.get(&place) {
                settling.read(place, *at, now);
            }
        }
        assert_eq!(settling.overdue(now), Vec::<usize>::new(), "turn {turn}: due rows were not read");
        for question in &passed.questions {
            *purposes.entry(question.purpose).or_default() += 1;
        }
        requests.push(passed.requests());
        mirror = passed.sequence;
    }
    requests.sort_unstable();
    let (passes, sum) = (requests.len(), requests.iter().sum::<usize>());
    let figures = (requests[0], requests[passes / 2], requests[passes - 1]);
    announce(&format!(
        "a day of {passes} passes: least, median, most {figures:?}, mean {}.{:02}, for {purposes:?}",
        sum / passes,
        sum * 100 / passes % 100
    ));
    assert!(sum <= 12 * passes, "{sum} requests in {passes} passes");
}
