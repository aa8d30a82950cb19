//! The order of a pass: the tail, the lists, what is missing or due, and whether it all adds up.

use super::finding::{Evidence, Finding, WALK_IS_CHEAPER};
use super::knowledge::Knowledge;
use super::list::{List, add_lists, is_probe, set_probe};
use super::question::{Filtering, Purpose, Question, Writing};
use super::rows::Unfiltered;
use super::search::{Search, cheapest};
use super::sequence::{CALLING, FIRST_UNKNOWN, NO_CALL, Sequence, StatusId, UNTOLD};
use super::witness::{Witness, known_writing};
use std::collections::BTreeSet;

/// How often a list may be begun anew in one pass.
const RESTARTS: u32 = 4;

/// What a pass begins with.
#[derive(Debug)]
pub struct Task {
    /// The campaign's live rows in the API's order.
    pub sequence: Sequence,
    /// Rows on a full page.
    pub page_size: u32,
    /// What is known of the API's filters.
    pub filtering: Filtering,
    /// Ranks of rows to be read again whatever the lists say.
    pub due: Vec<usize>,
    /// Whether to look for what changed: the fingerprint moved, or is not trusted. Otherwise only calls under
    /// way and the rows that are due are read.
    pub changed: bool,
    /// Rows of the campaign as the campaign list has them. Compared, never relied on.
    pub listed_total: Option<u64>,
    /// Chooses a page of finished calls that is looked at though nothing points at it; none: not this time.
    pub probe: Option<u64>,
}

/// A pass under way. Ask what [`Self::questions`] gives, hand each answer to [`Self::learn`] in any order,
/// until there are no more questions.
#[derive(Debug)]
pub struct Incremental {
    pub(super) knowledge: Knowledge,
    pub(super) page_size: u64,
    pub(super) filtering: Filtering,
    /// How lists of several statuses are written; none when each has one status.
    pub(super) writing: Option<Writing>,
    /// Not asked yet how several statuses are written.
    pub(super) witness: Option<(Witness, Writing)>,
    /// Whether an answer of this pass has shown that several statuses work.
    pub(super) is_witnessed: bool,
    pub(super) changed: bool,
    pub(super) lists: Vec<List>,
    pub(super) unfiltered: Unfiltered,
    pub(super) evidence: Evidence,
    pub(super) end: Option<Finding>,
    due: BTreeSet<usize>,
    listed_total: Option<u64>,
    probe: Option<u64>,
}

impl Incremental {
    /// Begins a pass.
    #[must_use]
    pub fn new(task: Task) -> Self {
        let page_size = u64::from(task.page_size.max(1));
        let mut pass = Self {
            knowledge: Knowledge::new(task.sequence),
            page_size,
            filtering: task.filtering,
            writing: known_writing(task.filtering),
            witness: None,
            is_witnessed: false,
            changed: task.changed,
            lists: Vec::new(),
            unfiltered: Unfiltered::default(),
            evidence: Evidence::default(),
            end: None,
            due: task.due.into_iter().collect(),
            listed_total: task.listed_total,
            probe: task.probe,
        };
        let sequence = &pass.knowledge.sequence;
        pass.due.retain(|rank| *rank < sequence.len());
        if sequence.is_empty() {
            pass.contradict("nothing is known of the campaign yet");
        } else if sequence.count_all(&[UNTOLD]) > 0 {
            pass.contradict("there are more statuses than can be told apart");
        } else if pass.is_without_filters() {
            pass.look_at_calls_under_way();
        } else {
            if pass.changed && pass.filtering == Filtering::Unknown {
                pass.witness =
                    Witness::new(&pass.knowledge.sequence, page_size).map(|it| (it, Writing::Comma));
            }
            pass.refuse_small_campaigns();
        }
        pass
    }

    /// The pages to read now. They do not depend on each other, so that they may be read side by side. None:
    /// the pass is over.
    pub fn questions(&mut self) -> Vec<Question> {
        let questions = self.next_questions();
        if self.end.is_some() {
            return Vec::new();
        }
        if self.evidence.requests_made() + questions.len() as u64 > self.page_count() / 2 + 10 {
            self.contradict(WALK_IS_CHEAPER);
            return Vec::new();
        }
        questions
    }

    /// What was found, once there are no more questions.
    #[must_use]
    pub fn finding(&self) -> Finding {
        self.end.clone().unwrap_or_else(|| Finding::Moving("the pass was not brought to its end".to_owned()))
    }

    /// How the API takes filters, as far as it has been found out: for the account's next pass.
    #[must_use]
    pub fn filtering(&self) -> Filtering {
        let is_contrary = matches!(self.end, Some(Finding::Contrary(_)));
        // What did not add up may be that several statuses work no more: it is to be found out anew.
        if is_contrary && known_writing(self.filtering).is_some() && !self.is_witnessed {
            return Filtering::Unknown;
        }
        self.filtering
    }

    /// What was read, also where nothing is proven.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let total = self.unfiltered.total;
        let lists = self.lists.iter().filter_map(|list| Some((list.label(), list.total?)));
        let sequence = &self.knowledge.sequence;
        Evidence {
            total,
            listed_total_agrees: self.listed_total.zip(total).map(|(listed, total)| listed == total),
            lists: lists.collect(),
            without_call: self.changed.then(|| sequence.count_all(&[NO_CALL]) as u64),
            filtering: self.filtering(),
            rows_changed: self.knowledge.rows_changed,
            rows_appended: self.knowledge.rows_appended,
            restarts: self.lists.iter().map(|list| list.restarts).sum::<u32>() + self.unfiltered.changes,
            requests: self.evidence.requests.clone(),
        }
    }

    /// The rows as they were last known: a row that was missing when the pass ended keeps its status.
    #[cfg(test)]
    pub(super) fn into_sequence(self) -> Sequence {
        let mut sequence = self.knowledge.sequence;
        self.knowledge.missing.into_iter().for_each(|(rank, status)| sequence.set_status(rank, status));
        sequence
    }

    pub(super) fn contradict(&mut self, reason: impl Into<String>) {
        self.end.get_or_insert(Finding::Contrary(reason.into()));
    }

    /// Reads a list from new. What keeps moving is left to the next pass; what stands still and yet does not
    /// add up is contrary.
    pub(super) fn restart(&mut self, at: usize, total: Option<u64>, opening: u64) {
        let Some(list) = self.lists.get_mut(at) else { return };
        let news = self.knowledge.rows_changed + self.knowledge.rows_appended;
        // A list that stands still shows nothing new when it is read again.
        self.knowledge.moved |= list.restarts > 0 && news > list.news_before;
        list.news_before = news;
        list.restart(total, opening);
        if list.restarts <= RESTARTS {
            return;
        }
        let name = list.label();
        if self.knowledge.moved {
            self.give_up(format!("the rows with {name} change while they are read"));
        } else {
            self.contradict(format!("the rows with {name} do not add up"));
        }
    }

    pub(super) fn give_up(&mut self, reason: impl Into<String>) {
        self.end.get_or_insert(Finding::Moving(reason.into()));
    }

    fn next_questions(&mut self) -> Vec<Question> {
        while self.end.is_none() {
            let mut questions = self.tail_and_witness();
            if questions.is_empty() {
                self.plan_lists();
                questions = self.openings();
            }
            if questions.is_empty() && self.settle_what_has_no_pages() {
                continue;
            }
            if questions.is_empty() {
                questions = self.pages_of_whole_lists();
            }
            if questions.is_empty() {
                questions = self.search();
            }
            if questions.is_empty() {
                questions = self.missing_and_due();
            }
            if !questions.is_empty() {
                return questions;
            }
            self.close();
        }
        Vec::new()
    }

    /// All pages of the campaign.
    fn page_count(&self) -> u64 {
        let known = self.knowledge.sequence.len() as u64;
        self.unfiltered.total.unwrap_or(0).max(known).div_ceil(self.page_size)
    }

    fn is_without_filters(&self) -> bool {
        matches!(self.filtering, Filtering::Ignored | Filtering::Refused)
    }

    /// Without filters, calls under way are read where their rows stand.
    fn look_at_calls_under_way(&mut self) {
        let sequence = &self.knowledge.sequence;
        let under_way: Vec<StatusId> =
            sequence.named().filter(|it| *it == CALLING || *it >= FIRST_UNKNOWN).collect();
        self.due.extend(sequence.ranks_of(&under_way, 0..sequence.len()));
    }

    /// A campaign with fewer pages than there are lists is better walked.
    fn refuse_small_campaigns(&mut self) {
        let several = self.writing.is_some() || self.witness.is_some();
        let mut lists = Vec::new();
        add_lists(&mut lists, &self.knowledge.sequence, self.page_size, self.changed, several);
        let pages = |list: &List| {
            if list.whole { list.page_count(&self.knowledge.sequence, self.page_size).max(1) } else { 1 }
        };
        let preliminaries = u64::from(self.changed) + u64::from(self.witness.is_some());
        if preliminaries + lists.iter().map(pages).sum::<u64>() > self.page_count().max(1) {
            self.contradict(WALK_IS_CHEAPER);
        }
    }

    fn tail_and_witness(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        if self.changed && !self.is_without_filters() {
            let pages = self.unfiltered.pages_to_the_end(self.knowledge.sequence.len(), self.page_size);
            questions.extend(pages.into_iter().map(|page| unfiltered(page, Purpose::Tail)));
        }
        questions.extend(self.witness.as_ref().map(|(witness, writing)| witness.question(*writing)));
        questions
    }

    fn plan_lists(&mut self) {
        if self.is_without_filters() {
            if self.changed {
                let word = if self.filtering == Filtering::Ignored { "ignores" } else { "refuses" };
                self.contradict(format!("the API {word} filters by status"));
            }
            return;
        }
        let had_all = self.lists.iter().any(is_probe);
        let (sequence, several) = (&self.knowledge.sequence, self.writing.is_some());
        add_lists(&mut self.lists, sequence, self.page_size, self.changed, several);
        if let (Some(probe), true, false) = (self.probe, self.changed, had_all) {
            set_probe(&mut self.lists, sequence, self.page_size, probe);
        }
    }

    /// The first pages of lists of which none was read.
    fn openings(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for list in self.lists.iter().filter(|list| list.total.is_none()) {
            if list.whole {
                let pages = list.page_count(&self.knowledge.sequence, self.page_size).max(1);
                questions.extend((0..pages).map(|page| self.ask(list, page, Purpose::Whole)));
            } else {
                let is_probe = self.probe.is_some() && is_probe(list);
                let purpose = if is_probe { Purpose::Probe } else { Purpose::Opening };
                questions.push(self.ask(list, list.opening, purpose));
            }
        }
        questions
    }

    /// Known rows between two neighbouring pages are not in the list any more; whether there were any.
    fn settle_what_has_no_pages(&mut self) -> bool {
        let mut were_any = false;
        for at in 0..self.lists.len() {
            let Some(list) = self.lists.get(at) else { continue };
            let statuses = list.statuses.clone();
            let gaps = list.gaps(&self.knowledge, self.page_size);
            for gap in gaps.into_iter().filter(|gap| gap.rows == 0) {
                were_any = true;
                if self.knowledge.doubt(&statuses, gap.ranks.clone()) {
                    // Seen in this pass, and yet not here: the list may be older than that.
                    self.begin_anew(at);
                    break;
                }
                self.knowledge.miss(&statuses, gap.ranks, &[]);
            }
        }
        were_any
    }

    fn pages_of_whole_lists(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for list in self.lists.iter().filter(|list| list.whole) {
            let pages = list.gaps(&self.knowledge, self.page_size).into_iter().flat_map(|gap| gap.pages);
            questions.extend(pages.map(|page| self.ask(list, page, Purpose::Whole)));
        }
        questions
    }

    fn search(&mut self) -> Vec<Question> {
        let Some((at, gaps)) = cheapest(&self.lists, &self.knowledge, self.page_size) else {
            return Vec::new();
        };
        let whole = self.lists.iter().filter(|list| list.whole);
        let settled: Vec<StatusId> = whole.flat_map(|list| list.statuses.iter().copied()).collect();
        let Some(list) = self.lists.get_mut(at) else { return Vec::new() };
        let mut search =
            Search { list, knowledge: &self.knowledge, settled: &settled, page_size: self.page_size };
        let chosen: Vec<_> = gaps.iter().map(|gap| search.pages(gap)).collect();
        let Some(list) = self.lists.get(at) else { return Vec::new() };
        let pages =
            chosen.into_iter().flat_map(|(purpose, pages)| pages.into_iter().map(move |it| (purpose, it)));
        pages.map(|(purpose, page)| self.ask(list, page, purpose)).collect()
    }

    /// The unfiltered pages of rows that must be seen and were not yet.
    fn missing_and_due(&self) -> Vec<Question> {
        let page_of = |rank: &usize| *rank as u64 / self.page_size;
        let missing: BTreeSet<u64> = self.knowledge.missing.keys().map(page_of).collect();
        let due = self.due.iter().filter(|rank| !self.knowledge.is_shown(**rank)).map(page_of);
        let due: BTreeSet<u64> = due.filter(|page| !missing.contains(page)).collect();
        let missing = missing.into_iter().map(|page| unfiltered(page, Purpose::Missing));
        missing.chain(due.into_iter().map(|page| unfiltered(page, Purpose::Due))).collect()
    }

    /// Nothing is left to be read: proven if the lists are as long as they are known to be.
    fn close(&mut self) {
        let sequence = &self.knowledge.sequence;
        let is_off = |list: &List| list.total != Some(sequence.count_all(&list.statuses) as u64);
        if let Some(at) = self.lists.iter().position(is_off) {
            self.begin_anew(at);
        } else if self.end.is_none() {
            self.end = Some(Finding::Proven(self.evidence()));
        }
    }

    fn begin_anew(&mut self, at: usize) {
        let Some(list) = self.lists.get(at) else { return };
        let known = self.knowledge.sequence.count_all(&list.statuses) as u64;
        self.restart(at, None, known.div_ceil(self.page_size).saturating_sub(1));
    }

    fn ask(&self, list: &List, page: u64, purpose: Purpose) -> Question {
        let writing = self.writing.unwrap_or(Writing::Comma);
        Question { statuses: list.names.clone(), writing, page, purpose }
    }
}

fn unfiltered(page: u64, purpose: Purpose) -> Question {
    Question { statuses: Vec::new(), writing: Writing::Comma, page, purpose }
}
