//! Large pieces of memory that are used again: for answers, for rows written out, for what `COPY` sends.
//!
//! Asked for anew each time they would lie between what is small and lives longer, so that the next one needs new room, and the
//! system clears it page by page. Owns what is kept for the next, until [`let_go`].

use bytes::Bytes;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pieces come in multiples of this, so that one does for another; a smaller one is not kept.
const STEP: usize = 64 * 1024;

/// Bytes that are kept at most, and that are not in use.
const MOST_KEPT: usize = 12 * 1024 * 1024;

/// Pieces that nobody uses, the smallest first.
struct Kept(Vec<Vec<u8>>);

static KEPT: Mutex<Kept> = Mutex::new(Kept(Vec::new()));

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    /// The smallest piece that is large enough, unless half of it would be too much.
    fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let index = self.0.partition_point(|piece| piece.capacity() < bytes);
        let fits = self.0.get(index).is_some_and(|piece| piece.capacity() <= bytes.saturating_mul(2));
        fits.then(|| self.0.remove(index))
    }

    /// Keeps a piece, if it is worth it; what it held is forgotten.
    fn give(&mut self, mut piece: Vec<u8>) {
        let held: usize = self.0.iter().map(Vec::capacity).sum();
        if piece.capacity() >= STEP && held + piece.capacity() <= MOST_KEPT {
            piece.clear();
            let index = self.0.partition_point(|other| other.capacity() < piece.capacity());
            self.0.insert(index, piece);
        }
    }
}

/// A buffer whose memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Room(Vec<u8>);

impl Room {
    /// An empty buffer for so many bytes; it can grow.
    pub(crate) fn of(bytes: usize) -> Self {
        if bytes < STEP {
            return Self(Vec::with_capacity(bytes));
        }
        let wanted = bytes.next_multiple_of(STEP);
        let piece = kept().take(wanted);
        Self(piece.unwrap_or_else(|| Vec::with_capacity(wanted)))
    }

    /// What it holds, to be shared.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl From<Vec<u8>> for Room {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Room {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl AsRef<[u8]> for Room {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.0.capacity() >= STEP {
            kept().give(std::mem::take(&mut self.0));
        }
    }
}

/// Gives back what is kept for the next.
pub(crate) fn let_go() {
    let pieces = std::mem::take(&mut kept().0);
    drop(pieces);
}

#[cfg(test)]
mod tests {
    use super::{Kept, MOST_KEPT, Room, STEP};

    #[test]
    fn memory_is_used_again_within_limits() {
        let mut kept = Kept(Vec::new());
        let mut piece = Vec::with_capacity(3 * STEP);
        piece.extend_from_slice(b"what somebody said");
        let place = piece.as_ptr();
        kept.give(piece);
        kept.give(Vec::with_capacity(9 * STEP));
        kept.give(Vec::with_capacity(STEP - 1));
        assert_eq!(kept.0.len(), 2, "what is small is not kept");
        assert!(kept.take(STEP).is_none(), "nor is much taken for little");
        let again = kept.take(2 * STEP).expect("one that is large enough");
        assert_eq!((again.as_ptr(), again.len()), (place, 0), "the same, and nothing of what it held");
        assert!(kept.take(2 * STEP).is_none());
        kept.give(Vec::with_capacity(MOST_KEPT - 9 * STEP + 1));
        assert_eq!(kept.0.len(), 1, "there is a limit to what is kept");
        kept.give(Vec::with_capacity(MOST_KEPT - 9 * STEP));
        assert_eq!(kept.0.len(), 2);
    }

    #[test]
    fn room_is_for_as_much_as_was_asked_for_and_can_grow() {
        for bytes in [0, 5, STEP - 1, STEP, 5 * STEP + 1] {
            let mut room = Room::of(bytes);
            assert!(room.is_empty() && room.capacity() >= bytes, "{bytes}");
            room.resize(bytes + STEP, b'a');
            assert_eq!(room.into_bytes().len(), bytes + STEP);
        }
    }
}
