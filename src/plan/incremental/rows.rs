//! Unfiltered pages: every known row must stand at its rank, and only behind the last one may others follow.

use super::knowledge::Knowledge;
use super::question::ShownRow;
use std::collections::BTreeMap;

/// What the unfiltered pages of this pass have shown.
#[derive(Debug, Default)]
pub(super) struct Unfiltered {
    /// Rows of the campaign, as the last of these pages said.
    pub(super) total: Option<u64>,
    /// The end is to be looked for once more: there are rows behind it.
    is_outrun: bool,
    /// How often the total was another than before.
    pub(super) changes: u32,
    /// Pages that were read before the ones between them and the last known row.
    ahead: BTreeMap<u64, Vec<ShownRow>>,
}

impl Unfiltered {
    /// The pages behind the last known row that are still to be read.
    pub(super) fn pages_to_the_end(&self, known: usize, page_size: u64) -> Vec<u64> {
        let known = known as u64;
        match self.total {
            None => vec![known.saturating_sub(1) / page_size],
            Some(total) if total > known => (known / page_size..total.div_ceil(page_size))
                .filter(|it| !self.ahead.contains_key(it))
                .collect(),
            Some(_) if self.is_outrun => vec![known.saturating_sub(1) / page_size],
            Some(_) => Vec::new(),
        }
    }

    /// A filtered page has shown rows behind the last one.
    pub(super) fn forget_the_end(&mut self) {
        self.is_outrun = true;
    }

    /// Takes a page; the error says what does not fit.
    pub(super) fn learn(
        &mut self,
        knowledge: &mut Knowledge,
        page: u64,
        page_size: u64,
        total: u64,
        rows: Vec<ShownRow>,
    ) -> Result<(), String> {
        let known = knowledge.sequence.len() as u64;
        if total < known {
            return Err(format!("the API has {total} rows where the mirror knows {known}"));
        }
        if self.total.is_some_and(|before| before != total) {
            self.changes += 1;
            knowledge.moved = true;
        }
        self.total = Some(total);
        self.is_outrun = false;
        self.ahead.insert(page, rows);
        // A page that begins behind the last known row waits for those before it.
        while let Some(entry) = self.ahead.first_entry() {
            let first = *entry.key() * page_size;
            if first > knowledge.sequence.len() as u64 {
                break;
            }
            for (at, row) in (first..).zip(entry.remove()) {
                place(knowledge, usize::try_from(at).unwrap_or(usize::MAX), &row)?;
            }
        }
        Ok(())
    }
}

/// Takes the row that stands at a place.
fn place(knowledge: &mut Knowledge, at: usize, row: &ShownRow) -> Result<(), String> {
    let Some(key) = row.key else {
        return Err(format!("the row at {at} has no readable id"));
    };
    match knowledge.sequence.rank(&key) {
        Some(rank) if rank == at => {
            knowledge.absorb(rank, row.status.as_deref());
            Ok(())
        }
        Some(rank) => Err(format!("the row that stood at {rank} stands at {at}")),
        None if at == knowledge.sequence.len() => {
            knowledge.append(key, row.status.as_deref());
            Ok(())
        }
        None => Err(format!("an unknown row stands at {at}, before the last known one")),
    }
}
