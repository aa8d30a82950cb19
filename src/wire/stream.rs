//! An answer's rows while it arrives: each is found, checked and handed on before the next one is there.
//!
//! Owns: the outermost shape of `{"rows": [...]}`, in whatever pieces it comes. What is kept is the rows that nobody has
//! taken yet, the one under way, and the counts; everything else is checked and forgotten.
//!
//! Rows are gathered and then found by the scan that checks them, so that each byte is looked at once. The last
//! one of what was gathered, which is not there as a whole, is followed to its end by a scan of its own.

mod find;

use self::find::{Scan, next_row, valid_part, whole_value};
use super::page::{count, into_utf8_in_place};
use super::{Index, Kind, RowsPage, ShapeError};
use crate::room::Room;
use serde_json::value::RawValue;
use std::ops::Range;

/// Of a member other than the rows no more than this is looked at; a longer one is passed over.
const LONGEST_MEMBER: usize = 64 * 1024;

/// No more room than this is made for an answer before it comes.
const MOST_EXPECTED: usize = 8 * 1024 * 1024;

/// So many bytes are gathered before rows are looked for in them.
const GATHERED: usize = 128 * 1024;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

const BREAKS_OFF: &str = "JSON that breaks off";
const MISTAKE: &str = "JSON with a mistake in it";

/// Takes an answer piece by piece.
#[derive(Debug, Default)]
pub struct RowSplitter {
    place: Place,
    scan: Scan,
    /// Whole rows and what stood between them, then what has come of the one under way or was gathered.
    rows: Room,
    spans: Vec<Range<usize>>,
    indexes: Vec<Index>,
    /// Where the row under way begins, or the first that was not looked for yet.
    row_start: usize,
    /// The key under way, then the member's; with its quotes.
    key: Vec<u8>,
    /// What has come of a member, up to [`LONGEST_MEMBER`].
    text: Vec<u8>,
    is_cut: bool,
    /// Whether its end comes soon enough, and rows can wait for it.
    is_awaited: bool,
    list: List,
    total: Option<u64>,
    page: Option<u64>,
    page_size: Option<u64>,
    replaced: u64,
    /// What was found to be wrong when the rows before it were taken.
    mistake: Option<ShapeError>,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the object; so many bytes of a byte order mark have come.
    Start(usize),
    /// There is no object: the beginning is kept, to say what it is.
    Odd,
    /// Before a key, or the end of an object without any.
    Key {
        is_first: bool,
    },
    InKey,
    Colon,
    Value,
    InValue,
    AfterValue,
    /// Before a row, or the end of a list without any.
    Row {
        is_first: bool,
    },
    /// From the beginning of a row on, everything is gathered.
    Gathering,
    InRow,
    AfterRow,
    End,
}

/// What has been seen of `rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum List {
    #[default]
    Missing,
    Other(Kind),
    Seen,
}

fn error(what: impl Into<String>) -> ShapeError {
    ShapeError { what: what.into() }
}

/// Whether a text is one JSON value.
fn is_json(text: &[u8]) -> bool {
    simdutf8::basic::from_utf8(text).is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok())
}

impl Default for Place {
    fn default() -> Self {
        Self::Start(0)
    }
}

impl RowSplitter {
    /// Makes room for an answer of so many bytes at once, whose rows nobody takes before its end: room that grows by doubling is half
    /// empty. Its rows are found at the end, when the connection is free for another. An answer that says more than it may is not
    /// believed.
    pub fn expect(&mut self, bytes: usize) {
        self.is_awaited = (1..=MOST_EXPECTED).contains(&bytes);
        if self.rows.is_empty() {
            self.rows = Room::of(bytes.min(MOST_EXPECTED));
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When the answer is none that holds rows. Rows that were found before stay to be taken.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), ShapeError> {
        for part in piece.chunks(GATHERED) {
            self.mistake.clone().map_or(Ok(()), Err)?;
            self.mistake = self.take_in(part).err();
        }
        self.mistake.clone().map_or(Ok(()), Err)
    }

    fn take_in(&mut self, part: &[u8]) -> Result<(), ShapeError> {
        self.advance(part)?;
        while !self.is_awaited && self.gathered() >= GATHERED {
            self.look()?;
        }
        Ok(())
    }

    /// Bytes in which rows were not looked for yet.
    fn gathered(&self) -> usize {
        if self.place == Place::Gathering { self.rows.len() - self.row_start } else { 0 }
    }

    /// Finds all rows that are there.
    fn look_for_all(&mut self) -> Result<(), ShapeError> {
        while self.gathered() > 0 {
            self.look()?;
        }
        Ok(())
    }

    fn advance(&mut self, mut piece: &[u8]) -> Result<(), ShapeError> {
        while let Some(first) = piece.first().copied() {
            let is_space = matches!(first, b' ' | b'\n' | b'\r' | b'\t');
            let used = match self.place {
                Place::Odd => self.keep(piece),
                Place::Gathering => {
                    self.rows.extend_from_slice(piece);
                    piece.len()
                }
                Place::InKey | Place::InValue | Place::InRow => self.go_on(piece)?,
                _ if is_space => 1,
                place => self.step(place, first)?,
            };
            piece = piece.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// Rows that were found and wait to be taken; there may be more in what was gathered.
    #[must_use]
    pub fn rows_held(&self) -> usize {
        self.spans.len()
    }

    /// Bytes of rows that are held, whole or not.
    #[must_use]
    pub fn bytes_held(&self) -> usize {
        self.rows.len()
    }

    /// `total`, when it has come by now.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Takes the whole rows out, in their order. They come without the counts, which may stand behind them.
    pub fn take(&mut self) -> RowsPage {
        // The rows before a mistake are good all the same.
        self.mistake = self.mistake.take().or(self.look_for_all().err());
        let is_under_way = matches!(self.place, Place::InRow | Place::Gathering);
        let end = if is_under_way { self.row_start } else { self.rows.len() };
        let rest = Room::from(self.rows.split_off(end));
        let body = std::mem::replace(&mut self.rows, rest);
        self.row_start = 0;
        RowsPage {
            body: body.into_bytes(),
            rows: std::mem::take(&mut self.spans),
            indexes: std::mem::take(&mut self.indexes),
            total: None,
            page: None,
            page_size: None,
            replaced: std::mem::take(&mut self.replaced),
            is_cut: false,
        }
    }

    /// Ends the answer; gives the rows that were not taken, and the counts.
    ///
    /// # Errors
    /// When it breaks off, or holds no list of rows.
    pub fn finish(mut self) -> Result<RowsPage, ShapeError> {
        self.mistake.take().map_or(Ok(()), Err)?;
        self.look_for_all()?;
        match self.place {
            Place::End => {}
            Place::Start(_) => return Err(error("an empty answer")),
            Place::Odd => return Err(self.odd()),
            _ => return Err(error(BREAKS_OFF)),
        }
        match self.list {
            List::Seen => {}
            List::Missing => return Err(error("an object without `rows`")),
            List::Other(kind) => {
                return Err(error(format!("`rows` of type {}, not a list", kind.as_str())));
            }
        }
        let Self { total, page, page_size, .. } = self;
        Ok(RowsPage { total, page, page_size, ..self.take() })
    }

    /// A byte that is no space, between values; how many bytes that took.
    fn step(&mut self, place: Place, byte: u8) -> Result<usize, ShapeError> {
        self.place = match (place, byte) {
            (Place::Start(seen), byte) if BYTE_ORDER_MARK.get(seen) == Some(&byte) => Place::Start(seen + 1),
            (Place::Start(_), b'{') => Place::Key { is_first: true },
            (Place::Start(_), b'<') => return Err(error("an HTML page")),
            (Place::Start(_), _) => {
                self.place = Place::Odd;
                return Ok(0);
            }
            (Place::Key { .. }, b'"') => {
                self.begin(b'"');
                self.key.clear();
                self.place = Place::InKey;
                return Ok(0);
            }
            (Place::Key { is_first: true } | Place::AfterValue, b'}') => Place::End,
            (Place::Colon, b':') => Place::Value,
            (Place::Value, b'[') if self.key == b"\"rows\"" => {
                if self.list == List::Seen {
                    return Err(error("an object in which `rows` stands twice"));
                }
                self.list = List::Seen;
                Place::Row { is_first: true }
            }
            (Place::Value, byte) => {
                self.begin(byte);
                self.place = Place::InValue;
                return Ok(0);
            }
            (Place::AfterValue, b',') => Place::Key { is_first: false },
            (Place::Row { is_first: true } | Place::AfterRow, b']') => Place::AfterValue,
            (Place::Row { .. }, _) => {
                self.row_start = self.rows.len();
                self.place = Place::Gathering;
                return Ok(0);
            }
            (Place::AfterRow, b',') => Place::Row { is_first: false },
            (Place::End, _) => return Err(error("JSON with something after its end")),
            _ => return Err(error(MISTAKE)),
        };
        Ok(1)
    }

    /// Finds the rows in what was gathered, and goes on with the one that is not there as a whole, or with what follows
    /// the last.
    fn look(&mut self) -> Result<(), ShapeError> {
        let gathered = self.rows.get(self.row_start..).unwrap_or_default();
        let text = valid_part(gathered);
        let mut at = 0;
        let place = loop {
            let Some((index, length)) = text.get(at..).and_then(whole_value) else { break Place::InRow };
            self.spans.push(self.row_start + at..self.row_start + at + length);
            self.indexes.push(index);
            at += length;
            match gathered.get(at..).and_then(next_row) {
                Some(next) => at += next,
                None => break Place::AfterRow,
            }
        };
        self.row_start += at;
        let rest = self.rows.split_off(self.row_start);
        if let Some(first) = rest.first() {
            self.begin(*first);
        }
        self.place = place;
        self.advance(&rest)
    }

    fn begin(&mut self, first: u8) {
        self.scan = Scan::of(first);
        self.text.clear();
        self.is_cut = false;
    }

    /// Goes on with the value under way; how many bytes of the piece belong to it.
    fn go_on(&mut self, piece: &[u8]) -> Result<usize, ShapeError> {
        let (used, has_ended) = self.scan.run(piece);
        let part = piece.get(..used).unwrap_or_default();
        if self.place == Place::InRow {
            self.rows.extend_from_slice(part);
        } else {
            self.keep(part);
        }
        if has_ended {
            match self.place {
                Place::InRow => self.end_row()?,
                Place::InKey => self.end_key()?,
                _ => self.end_member()?,
            }
        }
        Ok(used)
    }

    /// Keeps what comes of a member, as far as it is looked at.
    fn keep(&mut self, part: &[u8]) -> usize {
        let room = LONGEST_MEMBER.saturating_sub(self.text.len());
        self.text.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        self.is_cut |= part.len() > room;
        part.len()
    }

    fn end_row(&mut self) -> Result<(), ShapeError> {
        self.replaced += into_utf8_in_place(&mut self.rows, self.row_start);
        let row = self.rows.get(self.row_start..).unwrap_or_default();
        let scanned = Index::at_the_head_of(row).filter(|(_, end)| *end == row.len());
        let Some((index, _)) = scanned else { return Err(error(MISTAKE)) };
        self.spans.push(self.row_start..self.rows.len());
        self.indexes.push(index);
        self.place = Place::AfterRow;
        Ok(())
    }

    fn end_key(&mut self) -> Result<(), ShapeError> {
        self.replaced += into_utf8_in_place(&mut self.text, 0);
        if self.is_cut || !is_json(&self.text) {
            return Err(error(MISTAKE));
        }
        std::mem::swap(&mut self.key, &mut self.text);
        self.place = Place::Colon;
        Ok(())
    }

    fn end_member(&mut self) -> Result<(), ShapeError> {
        let kind = Kind::of_byte(self.text.first());
        if !self.is_cut {
            self.replaced += into_utf8_in_place(&mut self.text, 0);
            if !is_json(&self.text) {
                return Err(error(MISTAKE));
            }
        }
        let number = std::str::from_utf8(&self.text).ok().and_then(count);
        match self.key.as_slice() {
            b"\"rows\"" if self.list == List::Seen => {
                return Err(error("an object in which `rows` stands twice"));
            }
            b"\"rows\"" => self.list = List::Other(kind),
            b"\"total\"" => self.total = number,
            b"\"page\"" => self.page = number,
            b"\"page_size\"" => self.page_size = number,
            _ => {}
        }
        self.place = Place::AfterValue;
        Ok(())
    }

    /// What an answer is that is no object.
    fn odd(&self) -> ShapeError {
        match serde_json::from_slice::<&RawValue>(&self.text) {
            Ok(value) if !self.is_cut => {
                error(format!("JSON of type {}, not an object", Kind::of(value.get()).as_str()))
            }
            _ => error("no JSON"),
        }
    }
}

#[cfg(test)]
mod tests;
