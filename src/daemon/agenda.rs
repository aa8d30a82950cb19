//! The agenda: which campaigns are due, which pass is next. Pure.
//!
//! Owns: that a campaign is never in two passes at once in this process, that one which is due meanwhile waits, that
//! several times due is once, and the bound on passes at once.

use crate::records::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A campaign of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) account: Arc<str>,
    pub(super) campaign: String,
}

/// Something to be done about a campaign, and how urgent it is.
#[derive(Debug)]
pub(super) struct Entry<J> {
    pub(super) job: J,
    /// Higher ones go first.
    pub(super) priority: i32,
    /// Up to when the copy is complete: of equal priority the stalest goes first, one that never was before all.
    pub(super) complete_through: Option<Time>,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Agenda<J> {
    most_at_once: usize,
    waiting: BTreeMap<Key, Entry<J>>,
    running: BTreeSet<Key>,
}

impl<J> Agenda<J> {
    /// An empty one.
    pub(super) fn new(most_at_once: usize) -> Self {
        Self { most_at_once: most_at_once.max(1), waiting: BTreeMap::new(), running: BTreeSet::new() }
    }

    /// Passes at once from now on; those under way go on.
    pub(super) fn set_most_at_once(&mut self, most: usize) {
        self.most_at_once = most.max(1);
    }

    /// A campaign is due. What it waited with before is replaced: the newer one knows more.
    pub(super) fn add(&mut self, key: Key, entry: Entry<J>) {
        self.waiting.insert(key, entry);
    }

    /// The next one to begin, which counts as running from now on; none when none may.
    pub(super) fn begin_next(&mut self) -> Option<(Key, J)> {
        if self.running.len() >= self.most_at_once {
            return None;
        }
        let free = self.waiting.iter().filter(|(key, _)| !self.running.contains(key));
        let first = free.min_by_key(|(_, entry)| (std::cmp::Reverse(entry.priority), entry.complete_through));
        let key = first?.0.clone();
        let entry = self.waiting.remove(&key)?;
        self.running.insert(key.clone());
        Some((key, entry.job))
    }

    /// A campaign's pass has ended.
    pub(super) fn end(&mut self, key: &Key) {
        self.running.remove(key);
    }

    /// Forgets all that waits.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// How many wait, and how many run.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.waiting.len(), self.running.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Agenda, Entry, Key, Time};

    fn key(campaign: &str) -> Key {
        Key { account: "default".into(), campaign: campaign.to_owned() }
    }

    fn entry(job: u32, priority: i32, minute: Option<i64>) -> Entry<u32> {
        let start: Time = "2026-03-01T12:00:00Z".parse().unwrap();
        let complete_through = minute.map(|minute| start + chrono::TimeDelta::minutes(minute));
        Entry { job, priority, complete_through }
    }

    fn begin(agenda: &mut Agenda<u32>) -> Option<(String, u32)> {
        agenda.begin_next().map(|(key, job)| (key.campaign, job))
    }

    #[test]
    fn a_campaign_that_is_due_several_times_while_it_runs_runs_once_more() {
        let mut agenda = Agenda::new(4);
        agenda.add(key("a"), entry(1, 0, None));
        assert_eq!(begin(&mut agenda), Some(("a".to_owned(), 1)));
        agenda.add(key("a"), entry(2, 0, None));
        agenda.add(key("a"), entry(3, 0, None));
        assert_eq!(begin(&mut agenda), None, "never two passes of one campaign at once");
        agenda.end(&key("a"));
        assert_eq!(begin(&mut agenda), Some(("a".to_owned(), 3)), "the newest stands for all");
        agenda.end(&key("a"));
        assert_eq!(begin(&mut agenda), None);
    }

    #[test]
    fn no_more_run_at_once_than_are_allowed() {
        let mut agenda = Agenda::new(2);
        for (campaign, job) in [("a", 1), ("b", 2), ("c", 3)] {
            agenda.add(key(campaign), entry(job, 0, None));
        }
        assert!(begin(&mut agenda).is_some() && begin(&mut agenda).is_some());
        assert_eq!(begin(&mut agenda), None);
        assert_eq!(agenda.counts(), (1, 2));
        agenda.end(&key("b"));
        assert_eq!(begin(&mut agenda), Some(("c".to_owned(), 3)));
        agenda.set_most_at_once(3);
        agenda.add(key("b"), entry(4, 0, None));
        assert_eq!(begin(&mut agenda), Some(("b".to_owned(), 4)));
    }

    #[test]
    fn priority_goes_before_staleness_and_staleness_before_order() {
        let mut agenda = Agenda::new(9);
        for (campaign, job, priority, minute) in [
            ("fresh", 1, 0, Some(50)),
            ("stale", 2, 0, Some(10)),
            ("never", 3, 0, None),
            ("urgent", 4, 5, Some(59)),
            ("last", 5, -1, None),
        ] {
            agenda.add(key(campaign), entry(job, priority, minute));
        }
        let order: Vec<u32> = std::iter::from_fn(|| begin(&mut agenda)).map(|(_, job)| job).collect();
        assert_eq!(order, [4, 3, 2, 1, 5]);
    }

    #[test]
    fn what_is_forgotten_is_not_begun() {
        let mut agenda = Agenda::new(9);
        agenda.add(key("b"), entry(2, 0, None));
        assert_eq!(begin(&mut agenda), Some(("b".to_owned(), 2)));
        agenda.add(key("c"), entry(3, 0, None));
        agenda.clear();
        assert_eq!(begin(&mut agenda), None);
        assert_eq!(agenda.counts(), (0, 1));
    }
}
