//! The rows of one campaign as the mirror knows them: keys and statuses in the API's order.
//!
//! Costs 17 bytes a row, 5 to 11 for finding a row by its key (a table of ranks, filled to between three
//! eighths and three quarters), and 4 bytes for each 512 rows and status for counting.

use std::ops::Range;

/// Keyed hash of a row's id: its bits must be as good as random.
pub type RowKey = [u8; 16];

/// A status by its number in a [`Sequence`].
pub(super) type StatusId = u8;

/// The row has no call.
pub(super) const NO_CALL: StatusId = 0;
/// The row left the list that it was known in, and has not been seen since.
pub(super) const MISSING: StatusId = u8::MAX;
/// A status that came after so many others that it got no number of its own.
pub(super) const UNTOLD: StatusId = u8::MAX - 1;

/// Statuses of the older API, numbered from 1.
const STATUSES: [&str; 7] =
    ["initializing", "queued_for_calling", "calling", "scheduled", "completed", "cancelled", "errored"];
pub(super) const WAITING: [StatusId; 2] = [1, 2];
pub(super) const CALLING: StatusId = 3;
pub(super) const SCHEDULED: StatusId = 4;
pub(super) const FINISHED: [StatusId; 3] = [5, 6, 7];
/// The first number of a status that is not documented.
pub(super) const FIRST_UNKNOWN: StatusId = 8;

/// Rows that are counted together.
const BLOCK: usize = 512;
const EMPTY: u32 = u32::MAX;

/// The rows of one campaign in the API's order. A row's place is its rank, counted from 0.
#[derive(Debug, Clone)]
pub struct Sequence {
    keys: Vec<RowKey>,
    statuses: Vec<StatusId>,
    /// Ranks, each at the first free place from the one that its key points to.
    slots: Vec<u32>,
    /// The name of status 1, 2, and so on.
    names: Vec<String>,
    /// For each status: how many rows each block has of it.
    blocks: Vec<Vec<u32>>,
}

impl Default for Sequence {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequence {
    /// A campaign without rows.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keys: Vec::new(),
            statuses: Vec::new(),
            slots: Vec::new(),
            names: STATUSES.iter().map(|name| (*name).to_owned()).collect(),
            blocks: vec![Vec::new(); 256],
        }
    }

    /// Adds the next row. `status` is its call's; none when it has no call.
    ///
    /// Room is made for an eighth more at a time, not for twice as much.
    pub fn push(&mut self, key: RowKey, status: Option<&str>) {
        let rank = self.keys.len();
        if rank == self.keys.capacity() {
            self.keys.reserve_exact(rank / 8 + 64);
            self.statuses.reserve_exact(rank / 8 + 64);
        }
        let status = self.number(status);
        self.keys.push(key);
        self.statuses.push(status);
        self.count_in(rank, status);
        if self.keys.len() * 4 > self.slots.len() * 3 {
            let slots = (self.slots.len() * 2).max(64);
            self.slots = Vec::new();
            self.slots = vec![EMPTY; slots];
            (0..=rank).for_each(|rank| self.enter(rank));
        } else {
            self.enter(rank);
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The place of a row.
    #[must_use]
    pub fn rank(&self, key: &RowKey) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = home(key) & mask;
        loop {
            let rank = *self.slots.get(slot)?;
            if rank == EMPTY {
                return None;
            }
            if self.keys.get(rank as usize) == Some(key) {
                return Some(rank as usize);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The row at a place.
    #[must_use]
    pub fn key(&self, rank: usize) -> Option<&RowKey> {
        self.keys.get(rank)
    }

    /// The status of the call of the row at a place; none when it has no call, or when it is not known.
    #[must_use]
    pub fn status(&self, rank: usize) -> Option<&str> {
        self.name(self.status_id(rank))
    }

    /// Bytes that it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let counts: usize = self.blocks.iter().map(|blocks| blocks.capacity() * 4).sum();
        self.keys.capacity() * 16 + self.statuses.capacity() + self.slots.capacity() * 4 + counts
    }

    pub(super) fn name(&self, status: StatusId) -> Option<&str> {
        self.names.get(usize::from(status).checked_sub(1)?).map(String::as_str)
    }

    /// The numbers of all statuses that have a name.
    pub(super) fn named(&self) -> impl Iterator<Item = StatusId> + use<> {
        (1..=self.names.len()).filter_map(|number| StatusId::try_from(number).ok())
    }

    /// The number of a status, a new one if need be.
    pub(super) fn number(&mut self, status: Option<&str>) -> StatusId {
        let Some(status) = status else { return NO_CALL };
        let at = self.names.iter().position(|name| name == status).unwrap_or(self.names.len());
        match StatusId::try_from(at + 1) {
            Ok(number) if number < UNTOLD => {
                if at == self.names.len() {
                    self.names.push(status.to_owned());
                }
                number
            }
            _ => UNTOLD,
        }
    }

    pub(super) fn status_id(&self, rank: usize) -> StatusId {
        self.statuses.get(rank).copied().unwrap_or(NO_CALL)
    }

    pub(super) fn set_status(&mut self, rank: usize, status: StatusId) {
        let Some(known) = self.statuses.get_mut(rank) else { return };
        let before = std::mem::replace(known, status);
        if let Some(count) = self.blocks.get_mut(usize::from(before)).and_then(|it| it.get_mut(rank / BLOCK))
        {
            *count -= 1;
        }
        self.count_in(rank, status);
    }

    /// How many rows within `ranks` have one of these statuses.
    pub(super) fn count(&self, statuses: &[StatusId], ranks: Range<usize>) -> usize {
        self.count_before(statuses, ranks.end).saturating_sub(self.count_before(statuses, ranks.start))
    }

    /// How many rows have one of these statuses.
    pub(super) fn count_all(&self, statuses: &[StatusId]) -> usize {
        self.count(statuses, 0..self.len())
    }

    /// The ranks within `ranks` of rows with one of these statuses.
    pub(super) fn ranks_of(&self, statuses: &[StatusId], ranks: Range<usize>) -> Vec<usize> {
        let end = ranks.end.min(self.len());
        let start = ranks.start.min(end);
        let known = self.statuses.get(start..end).unwrap_or_default();
        let within = known.iter().enumerate().filter(|(_, status)| statuses.contains(status));
        within.map(|(at, _)| start + at).collect()
    }

    /// Whole blocks by their counts, the rest one by one: some microseconds for a million rows.
    fn count_before(&self, statuses: &[StatusId], end: usize) -> usize {
        let end = end.min(self.len());
        let full = end / BLOCK;
        let in_blocks = |status: &StatusId| -> usize {
            let blocks = self.blocks.get(usize::from(*status)).map_or(&[][..], Vec::as_slice);
            blocks.iter().take(full).map(|count| *count as usize).sum()
        };
        let rest = self.statuses.get(full * BLOCK..end).unwrap_or_default();
        let in_rest = rest.iter().filter(|status| statuses.contains(status)).count();
        statuses.iter().map(in_blocks).sum::<usize>() + in_rest
    }

    fn count_in(&mut self, rank: usize, status: StatusId) {
        let Some(blocks) = self.blocks.get_mut(usize::from(status)) else { return };
        if blocks.len() <= rank / BLOCK {
            blocks.resize(rank / BLOCK + 1, 0);
        }
        if let Some(count) = blocks.get_mut(rank / BLOCK) {
            *count += 1;
        }
    }

    fn enter(&mut self, rank: usize) {
        let (Some(mask), Some(key)) = (self.slots.len().checked_sub(1), self.keys.get(rank)) else { return };
        let mut slot = home(key) & mask;
        while let Some(taken) = self.slots.get_mut(slot) {
            if *taken == EMPTY {
                *taken = u32::try_from(rank).unwrap_or(EMPTY);
                return;
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// Where a key points to. Keys are hashes, so their first bytes will do.
fn home(key: &RowKey) -> usize {
    let bytes = key.first_chunk::<8>().copied().unwrap_or_default();
    usize::try_from(u64::from_le_bytes(bytes) >> 8).unwrap_or(usize::MAX)
}
