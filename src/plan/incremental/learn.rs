//! What an answer tells: facts about its rows, where a list differs, and what does not fit.

use super::list::Stretch;
use super::pass::Incremental;
use super::question::{Answer, Filtering, Purpose, Question, ShownRow};
use super::witness::{Testimony, next_writing, shows_several};

/// How often the campaign's total may be another than before in one pass.
const TOTAL_CHANGES: u32 = 4;

impl Incremental {
    /// Takes the answer to a question.
    pub fn learn(&mut self, question: &Question, answer: Answer) {
        *self.evidence.requests.entry(question.purpose).or_default() += 1;
        if self.end.is_some() {
            return;
        }
        let list = self.lists.iter().position(|list| list.names == question.statuses);
        let fits = match (answer, list) {
            (answer, _) if question.purpose == Purpose::Witness => {
                self.hear_witness(answer);
                Ok(())
            }
            (Answer::Refused, Some(at)) => self.learn_refusal(at, question),
            (Answer::Refused, None) => Err(format!("page {} of the rows was refused", question.page)),
            (Answer::Page { total: None, .. }, _) => Err("a page does not tell the total".to_owned()),
            (Answer::Page { total: Some(total), rows }, list) => {
                let expected = total.saturating_sub(question.page.saturating_mul(self.page_size));
                if rows.len() as u64 != expected.min(self.page_size) {
                    Err(odd_page(question, rows.len(), expected.min(self.page_size)))
                } else if let Some(at) = list {
                    self.learn_list(at, question, total, &rows)
                } else {
                    self.learn_unfiltered(question.page, total, rows)
                }
            }
        };
        if let Err(reason) = fits {
            self.contradict(reason);
        }
    }

    fn hear_witness(&mut self, answer: Answer) {
        let Some((witness, writing)) = self.witness.take() else { return };
        let testimony = match answer {
            Answer::Refused => Testimony::Fails,
            Answer::Page { total, rows } => {
                for row in &rows {
                    if let Some(rank) = row.key.and_then(|key| self.knowledge.sequence.rank(&key)) {
                        self.knowledge.absorb(rank, row.status.as_deref());
                    }
                }
                witness.hear(total, &rows)
            }
        };
        match (testimony, next_writing(writing)) {
            (Testimony::Works, _) => {
                self.writing = Some(writing);
                self.filtering = writing.filtering();
                self.is_witnessed = true;
            }
            (Testimony::Fails, Some(other)) => self.witness = Some((witness, other)),
            (Testimony::Fails, None) => self.filtering = Filtering::Single,
            (Testimony::Unclear, _) => {}
        }
    }

    fn learn_unfiltered(&mut self, page: u64, total: u64, rows: Vec<ShownRow>) -> Result<(), String> {
        self.unfiltered.learn(&mut self.knowledge, page, self.page_size, total, rows)?;
        // Rows were appended although the campaign was said to be as it was.
        self.changed |= total > self.knowledge.sequence.len() as u64 || self.knowledge.rows_appended > 0;
        if self.unfiltered.changes > TOTAL_CHANGES {
            self.give_up("rows are appended faster than they can be read");
        }
        Ok(())
    }

    /// A page behind the end may be refused where another API would show none of the rows.
    fn learn_refusal(&mut self, at: usize, question: &Question) -> Result<(), String> {
        let Some(list) = self.lists.get_mut(at) else { return Ok(()) };
        match list.total {
            _ if question.page == 0 => {
                if question.statuses.len() == 1 {
                    self.filtering = Filtering::Refused;
                }
                return Err(format!("a filter by {} was refused", question.statuses.join(",")));
            }
            None => list.opening = 0,
            Some(total) if question.page < total.div_ceil(self.page_size) => self.restart(at, None, 0),
            Some(_) => {}
        }
        Ok(())
    }

    fn learn_list(
        &mut self,
        at: usize,
        question: &Question,
        total: u64,
        rows: &[ShownRow],
    ) -> Result<(), String> {
        let ranks = self.read_order(question, rows)?;
        let mut has_news = false;
        for (rank, row) in ranks.iter().zip(rows) {
            has_news |= self.knowledge.absorb(*rank, row.status.as_deref());
        }
        self.is_witnessed |= shows_several(&question.statuses, rows);
        if let Some(list) = self.lists.get_mut(at) {
            self.knowledge.moved |= list.last_total.replace(total).is_some_and(|before| before != total);
        }
        if ranks.len() < rows.len() {
            // Rows behind the last known one are believed where no filter can hide those before them.
            self.changed = true;
            self.unfiltered.forget_the_end();
            self.restart(at, None, question.page);
            return Ok(());
        }
        let Some(list) = self.lists.get_mut(at) else { return Ok(()) };
        if question.purpose == Purpose::Guess {
            list.judge_guess(has_news);
        }
        let stretch = ranks.first().zip(ranks.last()).map(|(first, last)| Stretch {
            first: *first,
            last: *last,
            has_news,
        });
        let has_room = stretch.is_none_or(|stretch| list.has_room_for(question.page, stretch));
        if list.total.is_some_and(|known| known != total) || !has_room {
            self.restart(at, Some(total), question.page);
        }
        let Some(list) = self.lists.get_mut(at) else { return Ok(()) };
        list.total = Some(total);
        if let Some(stretch) = stretch {
            list.pages.insert(question.page, stretch);
            self.knowledge.miss(&list.statuses, stretch.first..stretch.last + 1, &ranks);
        }
        Ok(())
    }

    /// The ranks of a filtered page's rows, which must rise. The list ends with those that are not known yet.
    fn read_order(&mut self, question: &Question, rows: &[ShownRow]) -> Result<Vec<usize>, String> {
        let asked = question.statuses.join(",");
        let mut ranks: Vec<usize> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let fits = row.status.as_ref().is_some_and(|status| question.statuses.contains(status));
            if !fits {
                self.filtering =
                    if question.statuses.len() == 1 { Filtering::Ignored } else { Filtering::Unknown };
                return Err(format!("a filter by {asked} gave rows of another status"));
            }
            let Some(key) = row.key else {
                return Err(format!("a row with {asked} has no readable id"));
            };
            let Some(rank) = self.knowledge.sequence.rank(&key) else { continue };
            if ranks.len() < at {
                return Err(format!("an unknown row with {asked} stands before a known one"));
            }
            if ranks.last() == Some(&rank) {
                return Err(format!("a row with {asked} stands twice on a page"));
            }
            if ranks.last().is_some_and(|before| *before > rank) {
                return Err(format!("rows with {asked} come in another order than without a filter"));
            }
            ranks.push(rank);
        }
        Ok(ranks)
    }
}

fn odd_page(question: &Question, rows: usize, expected: u64) -> String {
    let list = if question.statuses.is_empty() { "all".to_owned() } else { question.statuses.join(",") };
    format!("page {} of {list} rows held {rows} rows instead of {expected}", question.page)
}
