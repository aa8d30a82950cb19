//! One campaign: walked page by page, each page looked at a second time where it differs, and walked once more where
//! the pages may have shifted.

mod surplus;

use super::assistants::Copies;
use super::compare::Finding;
use super::erased::Erased;
use super::look::Looker;
use super::retention::Past;
use super::seen::{IdHash, Seen, hash};
use super::shown::{Line, ShownRow, read_row};
use super::tables::{CALL_RETRY_CONFIGS, CALLING_WINDOWS};
use super::{CampaignReport, Difference, MOST_DIFFERENCES, Mending, Subject};
use crate::api::ApiError;
use crate::observe::CampaignProgress;
use crate::plan::{Ask, Shape};
use crate::store::StoreError;
use crate::sync::{Rows, ask_rows, first_rows};
use crate::wire::RowsPage;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Walks at most: a campaign whose pages shift in each of them cannot be compared now.
const ROUNDS: u32 = 3;

/// Rows whose lines are read back at once.
const ROWS_AT_ONCE: usize = 300;

/// Bytes of rows that are parsed at once, unless one row has more.
const BYTES_AT_ONCE: usize = 8 << 20;

/// Rejects that are listed.
const LISTED_REJECTS: i64 = 50;

/// Why a campaign could not be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("a page could not be read")]
    Api(#[from] ApiError),
    #[error("{}", .0.heading())]
    Store(#[from] StoreError),
    #[error("a task ended before its work was done")]
    Task(#[from] tokio::task::JoinError),
}

/// A campaign that is being compared.
pub(super) struct Comparison<'a> {
    subject: &'a Subject,
    campaign_id: &'a str,
    looker: Looker<'a>,
    /// How the API pages, as far as any campaign has shown.
    shape: &'a Mutex<Option<Shape>>,
    rows: Seen,
    calls: Seen,
    /// Rows of people who were erased: they are there in the API, and must not be here.
    erased_rows: Seen,
    erased: Arc<Erased>,
    past: Past,
    findings: Vec<Finding>,
    /// The differences among the findings, since several rows may bring the same.
    known: HashSet<Difference>,
    /// Rows that stand twice.
    twice: HashSet<IdHash>,
    moved: u64,
    /// Rows of this walk that were gone from their page at the second look.
    unsettled: u64,
    /// So much differs that the rest was not read.
    is_stopped: bool,
}

/// What a walk has shown.
#[derive(Debug, Clone, Copy, Default)]
struct Walk {
    first_total: u64,
    rows: u64,
    without_id: u64,
    /// Every page had the rows and the total that it had to have.
    is_steady: bool,
}

/// What a look at an answer has shown.
#[derive(Default)]
struct Look {
    findings: Vec<Finding>,
    /// The rows on it that were looked at.
    rows: HashSet<String>,
    without_id: u64,
}

impl Look {
    fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.rows.extend(other.rows);
        self.without_id += other.without_id;
    }
}

/// What an answer has shown beside what differs.
#[derive(Debug, Clone, Copy, Default)]
struct Looked {
    rows: u64,
    /// None where it does not say.
    total: Option<u64>,
    without_id: u64,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        subject: &'a Subject,
        campaign_id: &'a str,
        copies: &'a Copies,
        shape: &'a Mutex<Option<Shape>>,
        (erased, past): (Arc<Erased>, Past),
    ) -> Self {
        Self {
            subject,
            campaign_id,
            looker: Looker { store: &subject.store, campaign_id, copies },
            shape,
            rows: Seen::default(),
            calls: Seen::default(),
            erased_rows: Seen::default(),
            erased,
            past,
            findings: Vec::new(),
            known: HashSet::new(),
            twice: HashSet::new(),
            moved: 0,
            unsettled: 0,
            is_stopped: false,
        }
    }

    /// Compares the campaign's rows and what they bring, and adds what was found to the report.
    pub(super) async fn run(&mut self, report: &mut CampaignReport) -> Result<(), Failure> {
        let mut round = 1;
        let (is_whole, walk) = loop {
            self.unsettled = 0;
            let walk = self.walk(round).await?;
            self.twice.extend(self.rows.settle());
            self.calls.settle();
            self.erased_rows.settle();
            report.rows = self.rows.len();
            if self.is_stopped {
                break (false, walk);
            }
            let seen = self.rows.len() + self.erased_rows.len() + walk.without_id;
            // Rows that an earlier walk has seen may have gone since.
            let is_complete = if round == 1 { seen == walk.first_total } else { seen >= walk.first_total };
            let is_whole = walk.is_steady && is_complete;
            let is_clear = round > 1 || walk.without_id > 0 || self.unseen_rows().await?.is_empty();
            if is_whole && is_clear && self.unsettled == 0 || round == ROUNDS {
                break (is_whole, walk);
            }
            round += 1;
        };
        if is_whole {
            // A row without an id may be any of those that were not seen, and so nothing is gone for certain.
            if walk.without_id == 0 {
                self.add_unseen().await?;
            }
        } else if self.is_stopped {
            report.failure = Some("so much differs that the rest was not compared".to_owned());
        } else {
            report.failure = Some(
                "the pages shifted or showed a row twice in every walk, so that rows may be unseen"
                    .to_owned(),
            );
        }
        self.add_orphans().await?;
        self.moved += self.unsettled;
        (report.rejected, report.rejects) =
            self.subject.store.list_rejects(self.campaign_id, LISTED_REJECTS).await?;
        report.moved = self.moved;
        Ok(())
    }

    /// Differences that were found so far.
    pub(super) fn found(&self) -> usize {
        self.findings.len()
    }

    /// What counts in the end, and what has to be read again for it.
    pub(super) fn finish(self, report: &mut CampaignReport, of_list: Vec<Finding>) {
        let counts = |finding: &Finding| {
            let stands_twice = finding.row.as_ref().is_some_and(|row| self.twice.contains(&hash(row)));
            let has_equal = finding.assistant.as_ref().is_some_and(|id| self.looker.copies.has_equal(id));
            !stands_twice && !has_equal
        };
        let findings: Vec<Finding> = self.findings.into_iter().filter(counts).collect();
        let mut listed = HashSet::new();
        let mut mending = Mending { every_row: self.is_stopped, ..Mending::default() };
        for finding in of_list.into_iter().chain(findings) {
            let difference = finding.difference;
            mending.rows.extend(finding.row);
            mending.assistants.extend(finding.assistant);
            if [CALL_RETRY_CONFIGS.name, CALLING_WINDOWS.name].contains(&difference.table) {
                mending.call_retry_configs.extend(difference.key.split(' ').next().map(ToOwned::to_owned));
            }
            if listed.insert(difference.clone()) {
                report.differences.push(difference);
            }
        }
        report.mending = mending;
    }

    /// Reads every page and looks at the rows that no earlier walk has seen.
    async fn walk(&mut self, round: u32) -> Result<Walk, Failure> {
        let known = *self.shape.lock().await;
        let client = &self.subject.client;
        let (shape, mut first) = first_rows(client, self.campaign_id, known, self.subject.page_size).await?;
        *self.shape.lock().await = Some(shape);
        let mut walk = Walk { is_steady: true, ..Walk::default() };
        let (mut index, mut limit) = (0, u64::MAX);
        loop {
            let ask = shape.ask(index);
            let answer = match first.take() {
                Some(rows) => rows,
                None => ask_rows(client, self.campaign_id, ask).await?,
            };
            let Looked { rows, total, without_id } = self.look_twice(answer, ask).await?;
            let total = total.unwrap_or(rows);
            if index == 0 {
                walk.first_total = total;
                // A total that runs away is not followed for ever.
                limit = shape.pages(total).saturating_mul(2).saturating_add(50);
            }
            walk.is_steady &= total == walk.first_total && rows == shape.expected_rows(index, total);
            walk.rows += rows;
            walk.without_id += without_id;
            index += 1;
            let at = CampaignProgress {
                pages_done: index,
                pages_total: Some(shape.pages(total)),
                rows_done: walk.rows,
                rows_total: Some(total),
            };
            if round == 1 {
                self.subject.progress.campaign_advanced(self.campaign_id, &at);
            }
            if self.is_stopped || index >= shape.pages(total).min(limit) {
                return Ok(walk);
            }
        }
    }

    /// Looks at an answer, and where something differs at the same answer once more.
    async fn look_twice(&mut self, mut answer: Rows, ask: Ask) -> Result<Looked, Failure> {
        let mut looked = Looked::default();
        let mut first = Look::default();
        while let Some(part) = answer.next().await? {
            let rows = u64::try_from(part.rows.len()).unwrap_or(u64::MAX);
            looked.rows += rows;
            looked.total = looked.total.or(part.total);
            let expected = part.total.unwrap_or(rows);
            self.rows.reserve(expected);
            self.calls.reserve(expected);
            first.add(self.look(part, None).await?);
            if first.findings.len() >= MOST_DIFFERENCES {
                self.is_stopped = true;
                break;
            }
        }
        looked.total = looked.total.or(answer.odd_total());
        looked.without_id = first.without_id;
        drop(answer);
        if first.findings.is_empty() {
            return Ok(looked);
        }
        let suspects: HashSet<String> =
            first.findings.iter().filter_map(|finding| finding.row.clone()).collect();
        let mut second = Look::default();
        let mut again = ask_rows(&self.subject.client, self.campaign_id, ask).await?;
        while let Some(part) = again.next().await? {
            second.add(self.look(part, Some(&suspects)).await?);
        }
        let confirmed: HashSet<Finding> = second.findings.into_iter().collect();
        let mut differing: HashSet<&str> = HashSet::new();
        for finding in &first.findings {
            if confirmed.contains(finding) {
                differing.extend(finding.row.as_deref());
                if self.known.insert(finding.difference.clone()) {
                    self.findings.push(finding.clone());
                }
            }
        }
        let shifted: HashSet<&str> =
            suspects.iter().filter(|row| !second.rows.contains(*row)).map(String::as_str).collect();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.unsettled += count(shifted.len());
        self.moved += count(suspects.len() - shifted.len() - differing.len());
        self.rows.take_back(&shifted);
        self.is_stopped |= self.findings.len() >= MOST_DIFFERENCES;
        Ok(looked)
    }

    /// Looks at the rows of an answer that no earlier walk has seen, and remembers them; or at the suspects alone.
    async fn look(&mut self, page: RowsPage, suspects: Option<&HashSet<String>>) -> Result<Look, Failure> {
        let mut look = Look::default();
        let mut next = 0;
        while next < page.rows.len() && look.findings.len() < MOST_DIFFERENCES {
            let end = chunk_end(&page, next);
            let mut chosen = Vec::new();
            for row in self.parse(page.clone(), next..end).await? {
                let Some(id) = row.line.as_ref().map(Line::id) else {
                    look.without_id += 1;
                    continue;
                };
                if row.is_erased {
                    if suspects.is_none() && !self.erased_rows.contains(id) {
                        self.erased_rows.add(id);
                    }
                    continue;
                }
                match suspects {
                    Some(suspects) if !suspects.contains(id) => continue,
                    Some(_) => {
                        look.rows.insert(id.to_owned());
                    }
                    None if self.rows.contains(id) => continue,
                    None => {
                        self.rows.add(id);
                        row.call.iter().for_each(|call| self.calls.add(call.line.id()));
                    }
                }
                // What a sweep is about to remove does not count.
                if !row.is_on_its_way {
                    chosen.push(row);
                }
            }
            look.findings.extend(self.looker.look(chosen).await?);
            next = end;
        }
        self.is_stopped |= next < page.rows.len();
        Ok(look)
    }

    /// Parses rows off the async threads.
    async fn parse(&self, page: RowsPage, rows: Range<usize>) -> Result<Vec<ShownRow>, Failure> {
        let campaign_id = self.campaign_id.to_owned();
        let keep_prompts = self.subject.keep_llm_system_prompt;
        let erased = Arc::clone(&self.erased);
        let left_out = Arc::clone(&self.subject.left_out);
        let past = self.past;
        let parse = move || {
            let texts = rows.filter_map(|row| page.row(row));
            texts
                .map(|text| read_row(text, &campaign_id, keep_prompts, (&erased, &left_out, &past)))
                .collect()
        };
        Ok(tokio::task::spawn_blocking(parse).await?)
    }
}

/// Where a chunk ends that begins at a row.
fn chunk_end(page: &RowsPage, start: usize) -> usize {
    let mut bytes = 0;
    let rows = page.rows.iter().skip(start).take(ROWS_AT_ONCE);
    let fitting = rows.take_while(|row| {
        bytes += row.len();
        bytes <= BYTES_AT_ONCE
    });
    start + fitting.count().max(1)
}
