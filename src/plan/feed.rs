//! Reading the newer API's search over calls as a feed of changes: newest first, down to the watermark.
//!
//! Owns: how the search pages, when enough was read, and whether what it showed can be believed: in order, and not
//! ended before its total. Several calls can change at the same moment, and a change can become visible a little
//! after its time: so it is read on to a little before the watermark.

use crate::records::Time;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// How far before the watermark is read.
const FEED_OVERLAP: TimeDelta = TimeDelta::seconds(5);

/// Page sizes that are tried, the largest first.
const SIZES: [u32; 4] = [100, 50, 20, 10];

/// Times that a search is begun anew because calls went while it was read.
const RESTARTS: u32 = 2;

/// What is remembered of an account's search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeedState {
    /// The API has no such search.
    pub is_missing: bool,
    /// How it pages: the first page's number and the rows a page; none until it was asked.
    pub paging: Option<(u32, u32)>,
    /// Every change of a call up to then is in the mirror; none until there is a beginning.
    pub watermark: Option<Time>,
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
    /// 400 or 422.
    Refused,
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
    /// It cannot be relied on, for this reason.
    Contrary(String),
}

/// One reading of the search.
#[derive(Debug, Clone)]
pub struct Feed {
    since: Option<Time>,
    paging: Option<(u32, u32)>,
    /// The place in the sequence of pages and sizes that are tried until one is granted.
    attempt: usize,
    page: u32,
    newest: Option<Time>,
    last: Option<Time>,
    total: Option<u64>,
    seen: HashSet<String>,
    restarts: u32,
    finding: Option<FeedFinding>,
    is_missing: bool,
}

impl Feed {
    /// Starts to read down to the watermark.
    #[must_use]
    pub fn new(state: &FeedState) -> Self {
        Self {
            since: state.watermark,
            paging: state.paging,
            attempt: 0,
            page: 0,
            newest: None,
            last: None,
            total: None,
            seen: HashSet::new(),
            restarts: 0,
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
            FeedShown::Refused if self.paging.is_some() && self.page == 0 => {
                self.paging = None;
            }
            FeedShown::Refused if self.paging.is_some() => self.end("a page of the search was refused"),
            FeedShown::Refused => {
                self.attempt += 1;
                if self.attempt / 2 >= SIZES.len() {
                    self.is_missing = true;
                    self.end("the search refuses every page size");
                }
            }
            FeedShown::Page { total, calls } => self.learn_page(*total, calls),
        }
    }

    fn learn_page(&mut self, total: Option<u64>, calls: &[(String, Option<Time>)]) {
        let (first, page_size) = self.paging.unwrap_or_else(|| self.trial());
        if calls.is_empty() && self.page == 0 && first == 0 && total.is_some_and(|total| total > 0) {
            self.paging = Some((1, page_size));
            return;
        }
        self.paging = Some((first, page_size));
        if self.page > 0 && total < self.total {
            return self.restart();
        }
        self.total = total;
        for (id, updated_at) in calls {
            let Some(updated_at) = updated_at else {
                return self.end("a call in the search does not say when it changed");
            };
            if self.last.is_some_and(|last| *updated_at > last) {
                return self.end("the search is not in the order that was asked for");
            }
            self.newest.get_or_insert(*updated_at);
            self.last = Some(*updated_at);
            self.seen.insert(id.clone());
        }
        let Some(since) = self.since else {
            self.finding = Some(FeedFinding::Begun);
            return;
        };
        let is_deep_enough = self.last.is_some_and(|last| last < since - FEED_OVERLAP);
        if is_deep_enough {
            self.finding = Some(FeedFinding::Read);
        } else if calls.len() < usize::try_from(page_size).unwrap_or(usize::MAX) {
            let seen = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
            if total.is_some_and(|total| total <= seen) {
                self.finding = Some(FeedFinding::Read);
            } else {
                self.end("the search ended before it had shown all calls");
            }
        } else {
            self.page += 1;
        }
    }

    /// A call went while pages were read, and others moved up: one may have been passed over.
    fn restart(&mut self) {
        if self.restarts >= RESTARTS {
            return self.end("calls went again and again while the search was read");
        }
        self.restarts += 1;
        (self.page, self.last, self.newest, self.total) = (0, None, None, None);
        self.seen.clear();
    }

    fn end(&mut self, reason: &str) {
        self.finding = Some(FeedFinding::Contrary(reason.to_owned()));
    }

    /// What came of it, once there is no question left.
    #[must_use]
    pub fn finding(&self) -> FeedFinding {
        self.finding.clone().unwrap_or_else(|| FeedFinding::Contrary("the search was not read".to_owned()))
    }

    /// What is to be remembered once everything that was shown is in the mirror: the newest change is the next
    /// watermark.
    #[must_use]
    pub fn state(&self) -> FeedState {
        let is_read = matches!(self.finding, Some(FeedFinding::Read | FeedFinding::Begun));
        // An account without calls begins before all times.
        let newest = self.newest.or(self.since).unwrap_or(DateTime::UNIX_EPOCH);
        FeedState {
            is_missing: self.is_missing,
            paging: self.paging,
            watermark: if is_read { Some(newest.max(self.since.unwrap_or(newest))) } else { self.since },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Feed, FeedAsk, FeedFinding, FeedShown, FeedState};
    use crate::records::Time;
    use chrono::{DateTime, TimeDelta};

    fn at(seconds: i64) -> Time {
        DateTime::UNIX_EPOCH + TimeDelta::days(365) + TimeDelta::seconds(seconds)
    }

    fn calls(times: impl IntoIterator<Item = i64>) -> Vec<(String, Option<Time>)> {
        times.into_iter().map(|seconds| (format!("c{seconds}"), Some(at(seconds)))).collect()
    }

    fn state(watermark: Option<i64>) -> FeedState {
        FeedState { is_missing: false, paging: Some((1, 10)), watermark: watermark.map(at) }
    }

    /// Reads pages of ten out of a list; what came of it, and the questions.
    fn read(state: &FeedState, list: &[(String, Option<Time>)], total: Option<u64>) -> (Feed, Vec<u32>) {
        let mut feed = Feed::new(state);
        let mut asked = Vec::new();
        while let Some(FeedAsk { page, page_size }) = feed.question() {
            assert!(asked.len() < 50, "it ends");
            asked.push(page);
            let (first, size) = (1, 10);
            if page < first || page_size > size {
                feed.learn(&FeedShown::Refused);
                continue;
            }
            let page = list.iter().skip(((page - first) * size) as usize).take(size as usize);
            feed.learn(&FeedShown::Page { total, calls: page.cloned().collect() });
        }
        (feed, asked)
    }

    #[test]
    fn it_is_read_down_to_a_little_before_the_watermark() {
        let list = calls((0..100).rev());
        let cases = [(99, vec![1]), (96, vec![1]), (95, vec![1, 2]), (80, vec![1, 2, 3])];
        for (watermark, pages) in cases {
            let (feed, asked) = read(&state(Some(watermark)), &list, Some(100));
            assert_eq!(feed.finding(), FeedFinding::Read, "{watermark}");
            assert_eq!(asked, pages, "{watermark}");
            assert_eq!(feed.state().watermark, Some(at(99)));
        }
    }

    #[test]
    fn changes_of_one_moment_are_all_read() {
        let mut list = calls([60]);
        list.extend((0..25).map(|number| (format!("t{number}"), Some(at(50)))));
        list.extend(calls((0..20).rev()));
        let (feed, asked) = read(&state(Some(50)), &list, Some(46));
        assert_eq!(feed.finding(), FeedFinding::Read);
        assert_eq!(asked, [1, 2, 3], "until one before the overlap is seen");
    }

    #[test]
    fn how_it_pages_is_found_out_once() {
        let unknown = FeedState { watermark: Some(at(90)), ..FeedState::default() };
        let (feed, asked) = read(&unknown, &calls((0..100).rev()), Some(100));
        assert_eq!(feed.finding(), FeedFinding::Read);
        assert_eq!(asked, [0, 1, 0, 1, 0, 1, 0, 1, 2], "sizes are tried from pages 0 and 1");
        assert_eq!(feed.state().paging, Some((1, 10)));
        let mut missing = Feed::new(&FeedState::default());
        missing.learn(&FeedShown::Missing);
        assert!(missing.state().is_missing && missing.question().is_none());
        let mut empty_zero = Feed::new(&FeedState::default());
        empty_zero.learn(&FeedShown::Page { total: Some(3), calls: Vec::new() });
        assert_eq!(empty_zero.question(), Some(FeedAsk { page: 1, page_size: 100 }));
    }

    #[test]
    fn without_a_watermark_it_begins_at_the_newest() {
        let (feed, asked) = read(&state(None), &calls((0..100).rev()), Some(100));
        assert_eq!((feed.finding(), asked), (FeedFinding::Begun, vec![1]));
        assert_eq!(feed.state().watermark, Some(at(99)));
        let (feed, _) = read(&state(None), &[], Some(0));
        assert_eq!(feed.state().watermark, Some(DateTime::UNIX_EPOCH));
    }

    #[test]
    fn what_does_not_fit_is_not_believed() {
        let unsorted = calls([9, 7, 8]);
        let silent = vec![("c".to_owned(), None)];
        let short = calls((90..95).rev());
        for (list, total, word) in
            [(unsorted, 3, "order"), (silent, 1, "does not say"), (short, 400, "ended before")]
        {
            let (feed, _) = read(&state(Some(0)), &list, Some(total));
            let FeedFinding::Contrary(reason) = feed.finding() else { panic!("{word}") };
            assert!(reason.contains(word), "{reason}");
            assert_eq!(feed.state().watermark, Some(at(0)), "the watermark stays");
        }
    }

    #[test]
    fn a_call_that_went_meanwhile_starts_it_over() {
        let mut feed = Feed::new(&state(Some(0)));
        feed.learn(&FeedShown::Page { total: Some(20), calls: calls((10..20).rev()) });
        feed.learn(&FeedShown::Page { total: Some(19), calls: calls((0..9).rev()) });
        assert_eq!(feed.question(), Some(FeedAsk { page: 1, page_size: 10 }));
        feed.learn(&FeedShown::Page { total: Some(19), calls: calls((10..20).rev()) });
        feed.learn(&FeedShown::Page { total: Some(19), calls: calls((0..9).rev()) });
        assert_eq!(feed.finding(), FeedFinding::Read);
    }
}
