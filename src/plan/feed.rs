//! Reading the newer API's search over calls as a feed of changes: newest first, down to the watermark.
//!
//! Owns: how the search pages, when enough was read, and whether what it showed can be believed: in order, not ended
//! before its total, and without a call that slipped from page to page. Several calls can change at the same moment,
//! and a change can become visible a little after its time: so it is read on to a little before the watermark.

use crate::records::Time;
use chrono::{DateTime, SubsecRound as _, TimeDelta};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// How far before the watermark is read.
pub const FEED_OVERLAP: TimeDelta = TimeDelta::seconds(5);

/// Page sizes that are tried, the largest first.
const SIZES: [u32; 4] = [100, 50, 20, 10];

/// Times that a search is begun anew because calls went while it was read, or were left out.
const RESTARTS: u32 = 2;

/// Times that a page is read again because a call of the moment at its end came again on the next page.
const STEPS_BACK: u32 = 8;

/// Pages after which the search is read no deeper.
const MOST_PAGES: u32 = 400;

/// What is remembered of an account's search.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedState {
    /// The API has no such search, or refuses what it is asked.
    pub is_missing: bool,
    /// How it pages: the first page's number and the rows a page; none until it was asked.
    pub paging: Option<(u32, u32)>,
    /// Every change of a call up to then is in the mirror; none until there is a beginning.
    pub watermark: Option<Time>,
    /// When it was begun to be read: what it does not show rests on a full walk since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Time>,
    /// When it was found missing, and how that showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<(Time, String)>,
    /// Calls shortly before the watermark that no known row has, though everything was read for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<String>,
}

impl FeedState {
    /// Why it is not asked now, when it was refused less than `pause` ago.
    #[must_use]
    pub fn rests(&self, now: Time, pause: TimeDelta) -> Option<&str> {
        let (at, reason) = self.refused.as_ref().filter(|_| self.is_missing)?;
        // A clock that was set back does not make it wait.
        (TimeDelta::zero()..pause).contains(&(now - *at)).then_some(reason)
    }

    /// Whether a campaign that was last read in full after `since` was read before the search was begun: what the
    /// search does not show may have changed in between.
    #[must_use]
    pub fn is_behind(&self, since: Option<Time>) -> bool {
        !self.is_missing && self.watermark.is_some() && self.begun_at != since
    }
}

/// A page of the search to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedAsk {
    /// As the API counts.
    pub page: u32,
    /// Calls a page.
    pub page_size: u32,
}

/// What an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedShown {
    /// 400 or 422, in the API's words.
    Refused(String),
    /// There is no such endpoint.
    Missing,
    /// A page.
    Page {
        /// Calls in all, when it says so.
        total: Option<u64>,
        /// Id and time of change of each call, in order.
        calls: Vec<(String, Option<Time>)>,
    },
}

/// What came of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedFinding {
    /// Every call that changed since the watermark was shown.
    Read,
    /// There was no watermark to read down to; the next pass has one.
    Begun,
    /// It is in order but cannot be read down to the watermark, for this reason: it begins anew at the newest call,
    /// and everything is read in full once.
    Anew(String),
    /// It cannot be relied on, for this reason.
    Contrary(String),
}

/// One reading of the search.
#[derive(Debug, Clone)]
pub struct Feed {
    held: FeedState,
    paging: Option<(u32, u32)>,
    /// The place in the sequence of pages and sizes that are tried until one is granted.
    attempt: usize,
    page: u32,
    newest: Option<Time>,
    last: Option<Time>,
    total: Option<u64>,
    seen: HashSet<String>,
    /// The page that each call was last seen on.
    places: HashMap<String, u32>,
    restarts: u32,
    steps_back: u32,
    has_old_ties: bool,
    finding: Option<FeedFinding>,
    is_missing: bool,
}

impl Feed {
    /// Starts to read down to the watermark.
    #[must_use]
    pub fn new(state: &FeedState) -> Self {
        Self {
            held: state.clone(),
            paging: state.paging,
            attempt: 0,
            page: 0,
            newest: None,
            last: None,
            total: None,
            seen: HashSet::new(),
            places: HashMap::new(),
            restarts: 0,
            steps_back: 0,
            has_old_ties: false,
            finding: None,
            is_missing: false,
        }
    }

    /// The page to ask for now; none when it is over.
    #[must_use]
    pub fn question(&self) -> Option<FeedAsk> {
        if self.finding.is_some() {
            return None;
        }
        let (first, page_size) = self.paging.unwrap_or_else(|| self.trial());
        Some(FeedAsk { page: first + self.page, page_size })
    }

    /// Pages from 0 or from 1, of each size in turn.
    fn trial(&self) -> (u32, u32) {
        let size = SIZES.get(self.attempt / 2).copied().unwrap_or(1);
        (u32::from(self.attempt % 2 == 1), size)
    }

    /// Takes the answer to [`Self::question`].
    pub fn learn(&mut self, shown: &FeedShown) {
        match shown {
            FeedShown::Missing => {
                self.is_missing = true;
                self.end("the API has no search over calls");
            }
            FeedShown::Refused(_) if self.paging.is_some() && self.page == 0 => {
                self.paging = None;
            }
            // A page behind the last one.
            FeedShown::Refused(_) if self.paging.is_some() && self.has_shown_all() => {
                self.finding = Some(FeedFinding::Read);
            }
            FeedShown::Refused(_) if self.paging.is_some() => {
                self.begin_anew("a page of the search was refused before the watermark was reached");
            }
            FeedShown::Refused(words) => {
                self.attempt += 1;
                if self.attempt / 2 >= SIZES.len() {
                    self.is_missing = true;
                    self.end(&format!("the API refuses the search over calls: {words}"));
                }
            }
            FeedShown::Page { total, calls } => self.learn_page(*total, calls),
        }
    }

    fn learn_page(&mut self, total: Option<u64>, calls: &[(String, Option<Time>)]) {
        let is_first_answer = self.paging.is_none();
        let (first, page_size) = self.paging.unwrap_or_else(|| self.trial());
        if calls.is_empty() && self.page == 0 && first == 0 && total.is_some_and(|total| total > 0) {
            self.paging = Some((1, page_size));
            return;
        }
        self.paging = Some((first, page_size));
        if self.page > 0 && total < self.total {
            return self.restart("calls went again and again while the search was read");
        }
        self.total = total;
        let border = self.last;
        let repeats = self.repeats(calls);
        let (mut above, mut is_torn) = (None, false);
        for (id, updated_at) in calls {
            let Some(updated_at) = updated_at else {
                return self.end("a call in the search does not say when it changed");
            };
            // Calls that moved to the front meanwhile push others, which were seen, onto the next page.
            let is_pushed = self.seen.contains(id);
            if above.is_some_and(|above| *updated_at > above)
                || border.is_some_and(|border| *updated_at > border) && !is_pushed
            {
                let reason = "the search is not in the order that was asked for";
                // As many as had been read, and the page shows some of those.
                let has_moved = above.is_none() && self.newest.is_some_and(|newest| *updated_at > newest);
                return if has_moved { self.restart(reason) } else { self.end(reason) };
            }
            self.newest.get_or_insert(*updated_at);
            above = Some(*updated_at);
            self.last = Some(*updated_at);
            self.seen.insert(id.clone());
            let before = self.places.insert(id.clone(), self.page);
            is_torn |= border == Some(*updated_at) && before.is_some_and(|page| page < self.page);
        }
        let Some(since) = self.held.watermark else {
            self.finding = Some(FeedFinding::Begun);
            return;
        };
        if is_torn && !repeats {
            if border.is_some_and(|border| border > since) {
                return self.step_back();
            }
            // What changed at that moment was taken up before, and need not all come again.
            self.has_old_ties = true;
        }
        let size = usize::try_from(page_size).unwrap_or(usize::MAX);
        if self.last.is_some_and(|last| last < since - FEED_OVERLAP) {
            self.finding = Some(FeedFinding::Read);
        } else if calls.len() >= size {
            self.turn_page();
        } else if self.has_shown_all() {
            self.finding = Some(FeedFinding::Read);
        } else if self.page == 0 && !calls.is_empty() && total.is_some() {
            // Fewer than were asked for, and not all: so many are the most, or the API has changed.
            self.paging = u32::try_from(calls.len()).ok().filter(|_| is_first_answer).map(|it| (first, it));
            if is_first_answer {
                self.turn_page();
            }
            self.last = self.last.filter(|_| is_first_answer);
        } else {
            self.end("the search ended before it had shown all calls");
        }
    }

    /// Whether a page shows the first one again, as where page 0 is taken for page 1.
    fn repeats(&self, calls: &[(String, Option<Time>)]) -> bool {
        let is_again = |(id, _): &(String, _)| self.places.get(id) == Some(&0);
        self.page == 1
            && self.places.len() == calls.len()
            && calls.iter().all(is_again)
            && calls.first().map(|(_, at)| at) != calls.last().map(|(_, at)| at)
    }

    /// Whether as many calls were shown as there are.
    fn has_shown_all(&self) -> bool {
        let seen = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
        self.total.is_some_and(|total| total <= seen)
    }

    fn turn_page(&mut self) {
        self.page += 1;
        if self.page >= MOST_PAGES {
            self.begin_anew("more calls changed than are worth searching for");
        }
    }

    /// Calls went, and others moved up, or were left out: one may have been passed over.
    fn restart(&mut self, reason: &str) {
        if self.restarts >= RESTARTS {
            return self.end(reason);
        }
        self.restarts += 1;
        (self.page, self.last, self.newest, self.total) = (0, None, None, None);
        self.seen.clear();
        self.places.clear();
    }

    /// A call of the moment at which the page before ended stands on this one again. Either one call has moved to
    /// the front meanwhile, or the calls of that moment come in another order, and one of them on neither page: both
    /// pages are read again.
    fn step_back(&mut self) {
        if self.steps_back >= STEPS_BACK {
            return self.begin_anew("calls that changed at one moment come in another order on every page");
        }
        self.steps_back += 1;
        self.page -= 1;
        self.last = None;
        let again = self.page;
        self.places.retain(|_, page| *page < again);
    }

    /// It is read no deeper: what lies between here and the watermark is to be found by reading everything.
    pub fn begin_anew(&mut self, reason: &str) {
        self.finding = Some(match self.newest {
            Some(_) => FeedFinding::Anew(reason.to_owned()),
            None => FeedFinding::Contrary(reason.to_owned()),
        });
    }

    /// It was read, and has left out calls that it had to show.
    pub fn has_left_out(&mut self) {
        self.finding = None;
        self.restart("the search leaves out calls that the mirror has from its campaigns");
    }

    fn end(&mut self, reason: &str) {
        self.finding = Some(FeedFinding::Contrary(reason.to_owned()));
    }

    /// What came of it, once there is no question left.
    #[must_use]
    pub fn finding(&self) -> FeedFinding {
        self.finding.clone().unwrap_or_else(|| FeedFinding::Contrary("the search was not read".to_owned()))
    }

    /// The calls that it has shown since it was last begun.
    #[must_use]
    pub fn seen(&self) -> &HashSet<String> {
        &self.seen
    }

    /// From when to when every change must have been shown, once it was read: no beginning when that is all calls
    /// there are, none at all when there are no calls.
    #[must_use]
    pub fn reach(&self) -> (Option<Time>, Option<Time>) {
        let is_deep_enough =
            |last: &Time| self.held.watermark.is_some_and(|since| *last < since - FEED_OVERLAP);
        let from = self.last.filter(is_deep_enough);
        (if self.has_old_ties { self.held.watermark } else { from }, self.newest)
    }

    /// What is to be remembered once everything that was shown is in the mirror: the newest change is the next
    /// watermark.
    #[must_use]
    pub fn state(&self, now: Time) -> FeedState {
        let since = self.held.watermark;
        // An account without calls begins before all times.
        let newest = self.newest.or(since).unwrap_or(DateTime::UNIX_EPOCH);
        let finding = self.finding();
        let begins = matches!(finding, FeedFinding::Begun | FeedFinding::Anew(_));
        // The database keeps no more than microseconds.
        let now = now.trunc_subsecs(6);
        FeedState {
            is_missing: self.is_missing,
            paging: self.paging,
            watermark: match &finding {
                FeedFinding::Begun | FeedFinding::Anew(_) => Some(newest),
                FeedFinding::Read => Some(newest.max(since.unwrap_or(newest))),
                FeedFinding::Contrary(_) => since,
            },
            begun_at: if begins { Some(now) } else { self.held.begun_at },
            refused: match finding {
                FeedFinding::Contrary(reason) if self.is_missing => Some((now, reason)),
                _ => None,
            },
            strangers: if begins { Vec::new() } else { self.held.strangers.clone() },
        }
    }
}

#[cfg(test)]
mod tests;
