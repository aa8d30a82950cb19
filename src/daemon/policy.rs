//! What becomes of trouble: one table from the kind of failure to what happens next and to what a person is told.
//!
//! `docs/daemon.md` shows the same table; a test holds the two together.

use crate::sync::FailureKind;
use std::time::Duration;

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Again at once.
    Now,
    /// Again after this long.
    Later(Duration),
    /// Nothing until a person acts; it is tried again after this long all the same.
    Park(Duration),
    /// Nothing: it ended as it was meant to.
    Nothing,
}

/// Pauses that double from the first to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Growing {
    first: Duration,
    longest: Duration,
}

impl Growing {
    fn after(self, failures: u32) -> Duration {
        self.first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.longest)
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// Once at once, then as the pauses grow.
    NowThen(Growing),
    Later(Growing),
    /// As long as half a lease lives: its holder may be gone by then.
    WhenTheLeaseMayBeFree,
    Park(Duration),
    Nothing,
}

const RARELY: Duration = Duration::from_hours(1);

const fn growing(first: u64, longest: u64) -> Growing {
    Growing { first: Duration::from_secs(first), longest: Duration::from_secs(longest) }
}

/// The table: what happens, and what the person is told.
fn policy(kind: FailureKind) -> (Policy, Option<&'static str>) {
    match kind {
        FailureKind::KeyRefused => (
            Policy::Park(RARELY),
            Some(
                "check the account's key: it may be mistyped, expired, or belong to another base URL; a new one in the \
                 key's file is taken up by itself, any other after a reload (SIGHUP) or a restart",
            ),
        ),
        FailureKind::AnotherAccount => (
            Policy::Park(RARELY),
            Some(
                "check the key and the base URL; if the change is meant, say so once with `revox-mirror run --once \
                 --accept-account`",
            ),
        ),
        FailureKind::Settings => (
            Policy::Park(RARELY),
            Some(
                "correct what is named, and reload (SIGHUP); where the log says that it takes a restart, restart",
            ),
        ),
        FailureKind::CampaignRefused => (
            Policy::Later(growing(60, 3600)),
            Some("the key may not read this campaign, or it has just been deleted: look at it in Revox"),
        ),
        FailureKind::RateLimited(_) => (
            Policy::Later(growing(30, 900)),
            Some(
                "nothing has to be done; if it goes on, set api.requests_per_second to what the account may do",
            ),
        ),
        FailureKind::ApiAway => (
            Policy::Later(growing(15, 900)),
            Some(
                "nothing has to be done when the trouble is the API's; else check the network and a proxy's settings",
            ),
        ),
        FailureKind::ApiOdd => (
            Policy::Later(growing(60, 3600)),
            Some(
                "check that REVOX_BASE_URL is the Revox API and no proxy or login page stands before it; if it is, look for \
                 a newer version of revox-mirror",
            ),
        ),
        FailureKind::Unbelievable => (
            Policy::Later(growing(60, 3600)),
            Some(
                "nothing has to be done: both campaigns are read in full, and the rows go to where they belong",
            ),
        ),
        FailureKind::DatabaseAway => (
            Policy::Later(growing(1, 30)),
            Some(
                "check that the database runs and can be reached; the mirror goes on by itself once it is back",
            ),
        ),
        FailureKind::DatabaseUnfit => (
            Policy::Later(growing(30, 900)),
            Some("mend what is named (`revox-mirror check` tells more); the mirror goes on by itself then"),
        ),
        FailureKind::LeaseLost => (Policy::NowThen(growing(15, 300)), None),
        FailureKind::Busy => (Policy::WhenTheLeaseMayBeFree, None),
        FailureKind::Stopped => (Policy::Nothing, None),
        FailureKind::Broken => (
            Policy::Later(growing(60, 3600)),
            Some("this is a fault of the mirror's: please report it with the log lines around it"),
        ),
    }
}

/// What happens after the `failures`th failure in a row, the first being 1.
pub(super) fn reaction(kind: FailureKind, failures: u32, lease_ttl: Duration) -> Reaction {
    match policy(kind).0 {
        Policy::NowThen(_) if failures <= 1 => Reaction::Now,
        Policy::NowThen(pauses) => Reaction::Later(pauses.after(failures - 1)),
        Policy::Later(pauses) => {
            let asked = match kind {
                FailureKind::RateLimited(asked) => asked.unwrap_or_default().min(RARELY),
                _ => Duration::ZERO,
            };
            Reaction::Later(pauses.after(failures).max(asked))
        }
        Policy::WhenTheLeaseMayBeFree => Reaction::Later(lease_ttl / 2),
        Policy::Park(rarely) => Reaction::Park(rarely),
        Policy::Nothing => Reaction::Nothing,
    }
}

/// What a person can do about it; none when nothing has to be said.
pub(super) fn advice(kind: FailureKind) -> Option<&'static str> {
    policy(kind).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(30);

    fn seconds(kind: FailureKind, failures: u32) -> Option<u64> {
        match reaction(kind, failures, TTL) {
            Reaction::Later(pause) => Some(pause.as_secs()),
            Reaction::Now => Some(0),
            Reaction::Park(_) | Reaction::Nothing => None,
        }
    }

    #[test]
    fn pauses_grow_and_end_growing() {
        for (kind, pauses) in [
            (FailureKind::DatabaseAway, [1, 2, 4, 30]),
            (FailureKind::ApiAway, [15, 30, 60, 900]),
            (FailureKind::LeaseLost, [0, 15, 30, 300]),
            (FailureKind::RateLimited(None), [30, 60, 120, 900]),
            (FailureKind::RateLimited(Some(Duration::from_secs(100))), [100, 100, 120, 900]),
            (FailureKind::RateLimited(Some(Duration::MAX)), [3600; 4]),
            (FailureKind::Busy, [15; 4]),
        ] {
            let found = [1, 2, 3, 40].map(|failures| seconds(kind, failures));
            assert_eq!(found, pauses.map(Some), "{kind:?}");
        }
    }

    #[test]
    fn what_only_a_person_can_mend_is_parked_and_the_person_told() {
        for kind in FailureKind::ALL {
            let is_parked = matches!(reaction(kind, 1, TTL), Reaction::Park(_));
            let needs_a_person =
                matches!(kind, FailureKind::KeyRefused | FailureKind::AnotherAccount | FailureKind::Settings);
            assert_eq!(is_parked, needs_a_person, "{kind:?}");
            let is_silent = matches!(kind, FailureKind::LeaseLost | FailureKind::Busy | FailureKind::Stopped);
            assert_eq!(advice(kind).is_none(), is_silent, "{kind:?}");
        }
    }

    #[test]
    fn the_documentation_shows_this_very_table() {
        let text = include_str!("../../docs/daemon.md");
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        for kind in FailureKind::ALL {
            let what = match policy(kind).0 {
                Policy::NowThen(Growing { first, longest }) => {
                    format!(
                        "again at once, then after {} s, growing to {} s",
                        first.as_secs(),
                        longest.as_secs()
                    )
                }
                Policy::Later(Growing { first, longest }) => {
                    format!("again after {} s, growing to {} s", first.as_secs(), longest.as_secs())
                }
                Policy::WhenTheLeaseMayBeFree => "again after half a lease's life".to_owned(),
                Policy::Park(rarely) => format!("parked; tried every {} s", rarely.as_secs()),
                Policy::Nothing => "nothing".to_owned(),
            };
            let line = format!("| `{}` | {what} | {} |", kind.as_str(), advice(kind).unwrap_or(""));
            assert!(lines.contains(&line.as_str()), "docs/daemon.md lacks:\n{line}");
        }
        assert_eq!(lines.len(), FailureKind::ALL.len());
    }
}
