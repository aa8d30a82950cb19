//! The incremental pass: the pages that the plan asks for are read, written and shown to it, until it knows that
//! the mirror is in line, or that only a full walk can tell.

use super::SyncSettings;
use super::campaign::{CampaignPass, Tally};
use super::gathered::Gathered;
use super::page::{PageError, PageReader, PreparedPage};
use super::verdict::Verdict;
use crate::api::{PageQuery, Several};
use crate::normalize::Hash;
use crate::plan::{
    Answer, Ask, Evidence, Filtering, Finding, Incremental, Outcome, Question, Search, Sequence, Shape,
    ShownRow, Task, Writing,
};
use crate::store::{Completed, Ending, Extent, Lease, Places, Store};
use futures::{StreamExt, stream};
use serde_json::json;
use std::collections::HashSet;
use tokio_util::task::AbortOnDropHandle;

/// A page of finished calls that nothing points at is looked at in every third pass.
const PROBE_EVERY: u64 = 3;

/// Pages that one look reads at once: its share of the connections, and at least four where so many may be.
fn pages_at_once(settings: &SyncSettings) -> usize {
    let share = settings.pages_ahead / settings.max_concurrent_campaigns.max(1);
    share.max(settings.pages_ahead.min(4)).max(1)
}

/// What came of looking for changes.
pub(super) enum Looked {
    /// The pass has ended.
    Ended(Verdict),
    /// Everything is to be read; with the reason, when that is not simply the cheapest.
    Walk(Option<String>),
}

/// How a look for changes ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// Why it is not complete.
    pub(super) note: Option<String>,
    /// Rows of the campaign, when it was shown.
    pub(super) total: Option<u64>,
    /// What it rests on.
    pub(super) found: serde_json::Value,
}

impl Ended {
    fn of(finding: Finding, evidence: &Evidence) -> Self {
        let (outcome, note) = match finding {
            Finding::Proven(_) => (Outcome::Complete, None),
            Finding::Moving(reason) | Finding::Contrary(reason) => (Outcome::Partial, Some(reason)),
        };
        Self { outcome, note, total: evidence.total, found: json!(evidence) }
    }
}

/// The reading of one pass.
struct Look<'a> {
    pass: &'a CampaignPass,
    lease: &'a Lease,
    /// For pages of all rows; their place tells where rows stand.
    reader: PageReader,
    shape: Shape,
    plan: Incremental,
    /// The ids of rows that this pass found new or different.
    rewritten: HashSet<Hash>,
    /// Lines that were really written.
    written: u64,
    /// Known rows that differed although nothing said that they might.
    belying: u64,
    /// Rows that were not known.
    unknown: u64,
    /// A page was asked for, and everything came.
    is_unpaged: bool,
}

/// What came of a question.
enum Had {
    Page(Box<PreparedPage>),
    Refused,
    /// More rows than a page has, and no total.
    Everything,
}

impl CampaignPass {
    /// Filters that were ignored or refused get another chance once a day: a full walk was due anyhow.
    pub(super) async fn forgive_filters(&self, store: &Store) -> Result<(), PageError> {
        let mut filtering = self.shared.filtering.lock().await;
        if self.search.is_none() && matches!(*filtering, Filtering::Ignored | Filtering::Refused) {
            *filtering = Filtering::Unknown;
            store.save_filtering(&self.mirror.account, Filtering::Unknown, self.mirror.clock.now()).await?;
        }
        Ok(())
    }

    /// Looks for what changed.
    pub(super) async fn look_for_changes(
        &self,
        store: &Store,
        lease: &Lease,
        run: i64,
        search: Search,
        tally: &mut Tally,
    ) -> Result<Looked, PageError> {
        let shape = *self.shared.shape.lock().await;
        let (shape, page_size) = match shape {
            Some(shape @ Shape::Paged { page_size, .. }) => (shape, page_size),
            Some(Shape::Unpaged) => return Box::pin(self.take_up(store, lease, run, search, tally)).await,
            None => return Ok(Looked::Walk(None)),
        };
        // So few pages are read as quickly as looked through, and prove more.
        if shape.pages(self.state.rows.unwrap_or(0)) <= self.mirror.settings.walk_pages_at_most {
            return Ok(Looked::Walk(None));
        }
        let places = store.load_places(self.id()).await?;
        if places.unplaced > 0 {
            return Ok(Looked::Walk(Some("the order of some rows is not known yet".to_owned())));
        }
        let task = self.task(store, page_size, search).await?;
        let filtering = task.filtering;
        let mut look = self.begin_look(lease, shape, places, task);
        look.read_all(tally).await?;
        if look.is_unpaged {
            return Ok(Looked::Walk(Some("the API does not answer in pages any more".to_owned())));
        }
        let learned = look.plan.filtering();
        if learned != filtering {
            *self.shared.filtering.lock().await = learned;
            store.save_filtering(&self.mirror.account, learned, self.mirror.clock.now()).await?;
        }
        match look.plan.finding() {
            Finding::Contrary(reason) => Ok(Looked::Walk(Some(reason))),
            _ if self.is_belied(&look) => {
                tally.belied = true;
                Ok(Looked::Walk(Some("rows changed although the campaign said that nothing had".to_owned())))
            }
            finding => {
                let ended = Ended::of(finding, &look.plan.evidence());
                self.end_look((store, lease, run), tally, shape, ended).await.map(Looked::Ended)
            }
        }
    }

    /// What the mirror knows, for the plan.
    async fn task(&self, store: &Store, page_size: u32, search: Search) -> Result<Task, PageError> {
        let mut sequence = Sequence::new();
        let mut due = Vec::new();
        let hasher = &self.shared.hasher;
        store
            .load_sequence(self.id(), self.mirror.clock.now(), |row| {
                if row.is_overdue {
                    due.push(sequence.len());
                }
                sequence.push(hasher.row_id(row.id), row.status);
            })
            .await?;
        Ok(Task {
            sequence,
            page_size,
            filtering: *self.shared.filtering.lock().await,
            due,
            changed: search.changed,
            listed_total: self.listed.rows(),
            probe: self.state.passes.is_multiple_of(PROBE_EVERY).then_some(self.state.passes / PROBE_EVERY),
        })
    }

    fn begin_look<'a>(&'a self, lease: &'a Lease, shape: Shape, places: Places, task: Task) -> Look<'a> {
        Look {
            pass: self,
            lease,
            reader: PageReader { position_offset: Some(places.offset()), ..self.reader() },
            shape,
            plan: Incremental::new(task),
            rewritten: HashSet::new(),
            written: 0,
            belying: 0,
            unknown: 0,
            is_unpaged: false,
        }
    }

    /// Whether settled rows changed although the fingerprint is as it was.
    fn is_belied(&self, look: &Look<'_>) -> bool {
        let known = &self.state.known;
        let unmoved =
            known.fingerprint_trusted && known.fingerprint.as_ref() == Some(&self.listed.fingerprint);
        unmoved && look.written > 0 && (look.belying > 0 || look.unknown > 0)
    }

    /// Ends a pass that has read what its evidence points at; what is not `complete` leaves its line alone.
    pub(super) async fn end_look(
        &self,
        (store, lease, run): (&Store, &Lease, i64),
        tally: &Tally,
        shape: Shape,
        ended: Ended,
    ) -> Result<Verdict, PageError> {
        let Ended { outcome, note, total, found } = ended;
        let total = total.or(self.state.rows).unwrap_or(0);
        let evidence = json!({ "why": self.reason, "found": found });
        let complete = (outcome == Outcome::Complete).then(|| Completed {
            extent: Extent::Part,
            total,
            shape,
            fingerprint: Some(&self.listed.fingerprint).filter(|_| self.listed.is_at_rest),
            fingerprint_trusted: self.state.known.fingerprint_trusted,
            started_at: self.listed_at,
            search_begun_at: None,
        });
        if self.is_lone {
            self.listed.save_parents(&self.mirror, store, lease).await?;
        }
        let ending = Ending {
            account: &self.mirror.account,
            campaign_id: self.id(),
            run,
            line: self.run_line(outcome, tally, note.clone(), evidence),
            campaign: self.is_lone.then(|| self.listed.campaign()),
            complete,
            suspicious: None,
            is_quiet: self.is_quiet(tally),
        };
        store.end_pass(lease, &ending, self.mirror.clock.now()).await?;
        Ok(Verdict::without_tombstones(outcome, note, shape, total, self.listed_at))
    }
}

impl Look<'_> {
    /// Reads what the plan asks for until it asks no more. What was read is written, whatever comes of it.
    async fn read_all(&mut self, tally: &mut Tally) -> Result<(), PageError> {
        let settings = &self.pass.mirror.settings;
        let mut gathered = Gathered::default();
        loop {
            let questions = self.plan.questions();
            if questions.is_empty() {
                return self.write(&gathered, tally).await;
            }
            if self.pass.mirror.stop.is_cancelled() {
                self.write(&gathered, tally).await?;
                return Err(PageError::Stopped);
            }
            // Each is a task of its own: one that merely waits here to be asked for might hold what this one waits for (its turn
            // to ask the API, a processor, a connection), and neither would ever go on.
            let (reader, shape) = (self.reader.clone(), self.shape);
            let reads = questions.into_iter().map(move |question| {
                AbortOnDropHandle::new(tokio::spawn(read(reader.clone(), shape, question)))
            });
            let mut answers = stream::iter(reads).buffered(pages_at_once(settings));
            while let Some(ended) = answers.next().await {
                let (question, answer) = ended?;
                let mut page = match answer? {
                    Had::Page(page) => *page,
                    Had::Refused => {
                        self.plan.learn(&question, Answer::Refused);
                        continue;
                    }
                    Had::Everything => {
                        self.is_unpaged = true;
                        return self.write(&gathered, tally).await;
                    }
                };
                // A row that was passed over as known, though this pass has rewritten it: the last one read wins.
                if page.passed_over.iter().any(|id| self.rewritten.contains(id)) {
                    let reader = PageReader { nothing_known: true, ..self.reader.clone() };
                    let (_, again) = read(reader, self.shape, question.clone()).await;
                    let Had::Page(read_again) = again? else { continue };
                    page = *read_again;
                }
                self.plan.learn(&question, shown(&page));
                self.take(page, tally, &mut gathered);
                if gathered.seen.len() >= settings.batch_rows {
                    self.write(&std::mem::take(&mut gathered), tally).await?;
                }
            }
        }
    }

    fn take(&mut self, page: PreparedPage, tally: &mut Tally, gathered: &mut Gathered) {
        // Rows without an id are known by their place, which only a walk over all pages tells.
        if page.without_id > 0 {
            return;
        }
        tally.rows.seen += u64::try_from(page.seen.len()).unwrap_or(u64::MAX);
        tally.rows.unchanged += page.unchanged;
        tally.rows.updated += page.differing;
        self.belying += page.belying;
        self.unknown += page.unknown;
        self.rewritten.extend(page.states.keys().map(|id| self.reader.hasher.row_id(id)));
        gathered.add(page);
    }

    async fn write(&mut self, gathered: &Gathered, tally: &mut Tally) -> Result<(), PageError> {
        if !gathered.is_idle() {
            let counts = gathered.write(&self.pass.mirror, self.lease, &self.reader, None).await?;
            tally.rows.inserted += counts.inserted;
            tally.rows.rejected += counts.rejected;
            tally.rows.rejected_new += counts.rejected_new;
            self.written += counts.written;
        }
        Ok(())
    }
}

/// Reads a page.
async fn read(
    mut reader: PageReader,
    shape: Shape,
    question: Question,
) -> (Question, Result<Had, PageError>) {
    let Shape::Paged { page_size, .. } = shape else {
        return (question, Ok(Had::Refused));
    };
    if !question.statuses.is_empty() {
        reader.position_offset = None;
    }
    let most = usize::try_from(page_size).unwrap_or(usize::MAX);
    let place = question.page.saturating_mul(u64::from(page_size));
    let several = match question.writing {
        Writing::Comma => Several::Comma,
        Writing::Repeated => Several::Repeated,
    };
    let query = match shape.ask(question.page) {
        Ask::Page { page, page_size } => {
            Some(PageQuery { page, page_size, statuses: question.statuses.clone(), several })
        }
        Ask::Everything => None,
    };
    let answer = match reader.client.fetch_rows(&reader.campaign_id, query, most).await {
        Ok(answer) if answer.body.is_cut => Ok(Had::Everything),
        Ok(answer) => reader.prepare(answer.body, place).await.map(|page| Had::Page(Box::new(page))),
        Err(error) if error.is_bad_request() => Ok(Had::Refused),
        Err(error) => Err(error.into()),
    };
    (question, answer)
}

/// What the plan is shown of a page.
fn shown(page: &PreparedPage) -> Answer {
    let rows = page.seen.iter().zip(&page.statuses).map(|(id, status)| ShownRow {
        key: Some(*id).filter(|id| *id != Hash::default()),
        status: status.clone(),
    });
    Answer::Page { total: page.shown_total, rows: rows.collect() }
}
