//! Which pages to read in a list that differs from what is known of it.
//!
//! A page in a gap tells how many of the newcomers lie before it: the API's rows up to there, less the known
//! ones. A half where the numbers agree is not read further, so that a change among n rows costs log n pages.

use super::knowledge::Knowledge;
use super::list::{Gap, List};
use super::question::Purpose;
use super::sequence::StatusId;
use std::collections::BTreeSet;
use std::ops::Range;

/// The lists' gaps that are open, and the list to read on in: the one where the search costs least.
///
/// Newcomers that are found are done with; leavers must still be found elsewhere, and a list that only lost
/// rows closes by itself once these were seen elsewhere. Hence a list that lost rows counts as twice as long.
pub(super) fn cheapest(lists: &[List], knowledge: &Knowledge, page_size: u64) -> Option<(usize, Vec<Gap>)> {
    let mut best: Option<(u64, usize, Vec<Gap>)> = None;
    for (at, list) in lists.iter().enumerate() {
        let gaps: Vec<Gap> =
            list.gaps(knowledge, page_size).into_iter().filter(|it| !it.is_closed()).collect();
        if gaps.is_empty() {
            continue;
        }
        let rows: u64 = gaps.iter().map(|gap| gap.rows).sum();
        let known: u64 = gaps.iter().map(|gap| gap.known).sum();
        let pages = list.page_count(&knowledge.sequence, page_size);
        let cost = if rows < known { pages * 2 } else { pages };
        if best.as_ref().is_none_or(|(least, _, _)| cost < *least) {
            best = Some((cost, at, gaps));
        }
    }
    best.map(|(_, at, gaps)| (at, gaps))
}

/// Chooses pages in the open gaps of one list.
pub(super) struct Search<'a> {
    pub(super) list: &'a mut List,
    pub(super) knowledge: &'a Knowledge,
    /// Statuses that no newcomer can have had, since the lists with these were read whole.
    pub(super) settled: &'a [StatusId],
    pub(super) page_size: u64,
}

impl Search<'_> {
    /// The pages to read in a gap that holds pages and is not closed; at least one.
    pub(super) fn pages(&mut self, gap: &Gap) -> (Purpose, BTreeSet<u64>) {
        if gap.known == 0 {
            return (Purpose::Search, gap.pages.clone().collect());
        }
        let more = usize::try_from(gap.rows.saturating_sub(gap.known)).unwrap_or(usize::MAX);
        let missing = self.knowledge.missing.range(gap.ranks.clone()).take(more);
        let likely: BTreeSet<u64> =
            missing.enumerate().map(|(before, (rank, _))| self.page_of(gap, *rank, before)).collect();
        if !likely.is_empty() {
            return (Purpose::Missing, likely);
        }
        if self.list.guesses > 0
            && let Some(page) = self.guess(gap)
        {
            self.list.guesses -= 1;
            return (Purpose::Guess, BTreeSet::from([page]));
        }
        let page = if more > 0 { self.middle_of_candidates(gap, more) } else { middle(&gap.pages) };
        (Purpose::Search, BTreeSet::from([page]))
    }

    /// Changes come in clusters where calls are made in row order: beside a page with news, or where another
    /// list has some.
    fn guess(&self, gap: &Gap) -> Option<u64> {
        match gap.beside_news {
            (true, _) => return Some(gap.pages.start),
            (_, true) => return Some(gap.pages.end.saturating_sub(1)),
            _ => {}
        }
        let news: Vec<usize> = self.knowledge.news.range(gap.ranks.clone()).copied().collect();
        news.get(news.len() / 2).map(|rank| self.page_of(gap, *rank, 0))
    }

    /// The page that has as many possible newcomers before it as behind it.
    fn middle_of_candidates(&self, gap: &Gap, newcomers: usize) -> u64 {
        let mut others = self.list.statuses.clone();
        others.extend(self.settled.iter().filter(|status| !self.list.statuses.contains(status)));
        let sequence = &self.knowledge.sequence;
        let candidates = |ranks: Range<usize>| ranks.len() - sequence.count(&others, ranks);
        let all = candidates(gap.ranks.clone());
        if all == 0 {
            return middle(&gap.pages);
        }
        let (mut low, mut high) = (gap.ranks.start, gap.ranks.end);
        while low + 1 < high {
            let between = low + (high - low) / 2;
            if candidates(gap.ranks.start..between) * 2 <= all {
                low = between;
            } else {
                high = between;
            }
        }
        self.page_of(gap, low, newcomers / 2)
    }

    /// The page of a gap that a row should be on, with so many newcomers before it.
    fn page_of(&self, gap: &Gap, rank: usize, newcomers: usize) -> u64 {
        let before = self.knowledge.sequence.count(&self.list.statuses, gap.ranks.start..rank);
        let page = gap.pages.start + (before + newcomers) as u64 / self.page_size;
        page.min(gap.pages.end.saturating_sub(1))
    }
}

fn middle(pages: &Range<u64>) -> u64 {
    pages.start + (pages.end - pages.start) / 2
}
