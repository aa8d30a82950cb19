//! A simulated campaign of the older API, and passes over it.

use crate::plan::incremental::{
    Answer, Evidence, Filtering, Finding, Incremental, Purpose, Question, RowKey, Sequence, ShownRow, Task,
    Writing,
};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers as good as random, the same for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).unwrap()
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at + 1);
            items.swap(at, other);
        }
    }
}

pub(super) fn key_of(id: u64) -> RowKey {
    let mut dice = Dice(id);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&dice.roll().to_le_bytes());
    key[8..].copy_from_slice(&dice.roll().to_le_bytes());
    key
}

/// What the API makes of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Comma,
    Repeated,
    /// One parameter, whose whole value is one status.
    WholeValue,
    /// The last of several parameters counts.
    LastValue,
    Ignored,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: RowKey,
    pub(super) status: Option<&'static str>,
}

/// A campaign, and how its API behaves.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) rows: Vec<Row>,
    pub(super) page_size: u64,
    pub(super) filter: Filter,
    /// Whether pages behind the last one are refused.
    pub(super) refuses_pages_behind: bool,
    next_id: u64,
    lists: BTreeMap<Vec<String>, Vec<usize>>,
    /// The places of the rows with each status, until there is an edit.
    by_status: BTreeMap<&'static str, Vec<usize>>,
}

impl Api {
    pub(super) fn new(page_size: u64, statuses: impl IntoIterator<Item = Option<&'static str>>) -> Self {
        let rows: Vec<Row> =
            (0..).zip(statuses).map(|(id, status)| Row { key: key_of(id), status }).collect();
        let next_id = rows.len() as u64;
        let filter = Filter::Comma;
        Self {
            rows,
            page_size,
            filter,
            refuses_pages_behind: false,
            next_id,
            lists: BTreeMap::new(),
            by_status: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, at: usize, status: Option<&'static str>) {
        self.rows[at].status = status;
        self.forget_lists();
    }

    pub(super) fn insert(&mut self, at: usize, status: Option<&'static str>) {
        self.rows.insert(at, Row { key: key_of(self.next_id), status });
        self.next_id += 1;
        self.forget_lists();
    }

    pub(super) fn append(&mut self, status: Option<&'static str>) {
        self.insert(self.rows.len(), status);
    }

    pub(super) fn remove(&mut self, at: usize) {
        self.rows.remove(at);
        self.forget_lists();
    }

    fn forget_lists(&mut self) {
        self.lists.clear();
        self.by_status.clear();
    }

    /// What a mirror knows that has just walked it.
    pub(super) fn mirror(&self) -> Sequence {
        let mut sequence = Sequence::new();
        self.rows.iter().for_each(|row| sequence.push(row.key, row.status));
        sequence
    }

    /// The places of rows with a status.
    pub(super) fn places(&self, status: Option<&str>) -> Vec<usize> {
        (0..self.rows.len()).filter(|at| self.rows[*at].status == status).collect()
    }

    pub(super) fn answer(&mut self, question: &Question) -> Answer {
        let several = question.statuses.len() > 1;
        let honoured = match (self.filter, question.writing) {
            _ if question.statuses.is_empty() => Vec::new(),
            (Filter::Refused, _) => return Answer::Refused,
            (Filter::Ignored, _) => Vec::new(),
            (Filter::Comma, Writing::Comma) | (Filter::Repeated, Writing::Repeated) => {
                question.statuses.clone()
            }
            (_, Writing::Comma) if several => vec![question.statuses.join(",")],
            (Filter::LastValue | Filter::Comma, _) => question.statuses.last().cloned().into_iter().collect(),
            _ => question.statuses.first().cloned().into_iter().collect(),
        };
        let rows = &self.rows;
        if self.by_status.is_empty() {
            for (at, row) in rows.iter().enumerate() {
                if let Some(status) = row.status {
                    self.by_status.entry(status).or_default().push(at);
                }
            }
        }
        let list = self.lists.entry(honoured).or_insert_with_key(|asked| {
            if asked.is_empty() {
                return (0..rows.len()).collect();
            }
            let theirs = asked.iter().filter_map(|status| self.by_status.get(status.as_str()));
            let mut places: Vec<usize> = theirs.flatten().copied().collect();
            places.sort_unstable();
            places
        });
        let total = list.len() as u64;
        if self.refuses_pages_behind && question.page > 0 && question.page * self.page_size >= total {
            return Answer::Refused;
        }
        let size = usize::try_from(self.page_size).unwrap();
        let first = usize::try_from(question.page).unwrap().saturating_mul(size).min(list.len());
        let places = &list[first..(first + size).min(list.len())];
        let show =
            |at: &usize| ShownRow { key: Some(rows[*at].key), status: rows[*at].status.map(str::to_owned) };
        Answer::Page { total: Some(total), rows: places.iter().map(show).collect() }
    }
}

/// What a pass came to.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) finding: Finding,
    pub(super) filtering: Filtering,
    pub(super) evidence: Evidence,
    pub(super) sequence: Sequence,
    pub(super) questions: Vec<Question>,
    pub(super) shown: BTreeSet<RowKey>,
}

impl Passed {
    /// Pages read, and the campaign list.
    pub(super) fn requests(&self) -> usize {
        self.questions.len() + 1
    }

    pub(super) fn is_proven(&self) -> bool {
        matches!(self.finding, Finding::Proven(_))
    }

    pub(super) fn reason(&self) -> &str {
        match &self.finding {
            Finding::Proven(_) => "",
            Finding::Moving(reason) | Finding::Contrary(reason) => reason,
        }
    }

    pub(super) fn pages_for(&self, purpose: Purpose) -> usize {
        self.questions.iter().filter(|question| question.purpose == purpose).count()
    }
}

pub(super) fn task(api: &Api, sequence: Sequence) -> Task {
    Task {
        sequence,
        page_size: u32::try_from(api.page_size).unwrap(),
        filtering: Filtering::Comma,
        due: Vec::new(),
        changed: true,
        listed_total: None,
        probe: Some(0),
    }
}

/// A pass over an API that stands still.
pub(super) fn pass(api: &mut Api, task: Task) -> Passed {
    pass_with(api, task, |_, _| {}, |_, _| {})
}

/// A pass: `edit` may change the campaign before each answer, `spoil` the answer.
pub(super) fn pass_with(
    api: &mut Api,
    task: Task,
    mut edit: impl FnMut(&mut Api, usize),
    mut spoil: impl FnMut(&Question, &mut Answer),
) -> Passed {
    let mut plan = Incremental::new(task);
    let (mut asked, mut shown) = (Vec::new(), BTreeSet::new());
    loop {
        let questions = plan.questions();
        if questions.is_empty() {
            break;
        }
        // Answers come in any order: here, the last question's first.
        for question in questions.into_iter().rev() {
            edit(api, asked.len());
            let mut answer = api.answer(&question);
            spoil(&question, &mut answer);
            if let Answer::Page { rows, .. } = &answer {
                shown.extend(rows.iter().filter_map(|row| row.key));
            }
            plan.learn(&question, answer);
            asked.push(question);
            assert!(asked.len() < 5_000, "the pass does not come to an end");
        }
    }
    let (finding, filtering, evidence) = (plan.finding(), plan.filtering(), plan.evidence());
    assert_eq!(evidence.requests_made(), asked.len() as u64);
    Passed { finding, filtering, evidence, sequence: plan.into_sequence(), questions: asked, shown }
}

/// The first row whose status the mirror has wrong.
pub(super) fn difference(api: &Api, sequence: &Sequence) -> Option<String> {
    if api.rows.len() != sequence.len() {
        return Some(format!("{} rows instead of {}", sequence.len(), api.rows.len()));
    }
    let wrong =
        |(at, row): &(usize, &Row)| sequence.key(*at) != Some(&row.key) || sequence.status(*at) != row.status;
    let (at, row) = api.rows.iter().enumerate().find(wrong)?;
    Some(format!("row {at} has {:?} instead of {:?}", sequence.status(at), row.status))
}
