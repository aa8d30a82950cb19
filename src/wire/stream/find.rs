//! Where values end: of those that are there as a whole by the scan that checks them, of others by a scan that can be
//! broken off anywhere.

use crate::wire::Index;
use memchr::memchr2;

/// What of it is UTF-8 from the beginning on.
pub(super) fn valid_part(bytes: &[u8]) -> &str {
    simdutf8::compat::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        simdutf8::basic::from_utf8(valid).unwrap_or_default()
    })
}

/// The object, list or string that the text begins with, if it is there as a whole and is JSON: its index and its length.
pub(super) fn whole_value(text: &str) -> Option<(Index, usize)> {
    // The end of a number is where something else begins, which may not have come yet.
    text.starts_with(['{', '[', '"']).then(|| Index::at_the_head_of(text.as_bytes()))?
}

/// Where the next row begins behind one, if there is a comma and then something.
pub(super) fn next_row(behind: &[u8]) -> Option<usize> {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let spaces = |bytes: &[u8]| bytes.iter().take_while(is_space).count();
    let comma = spaces(behind);
    let after = behind.get(comma..)?.strip_prefix(b",")?;
    let next = spaces(after);
    (next < after.len()).then_some(comma + 1 + next)
}

/// The end of a value: how deep it is by now, and whether a string is open.
#[derive(Debug, Default)]
pub(super) struct Scan {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    is_scalar: bool,
}

impl Scan {
    /// A value that begins with this byte.
    pub(super) fn of(first: u8) -> Self {
        Self { is_scalar: !matches!(first, b'"' | b'{' | b'['), ..Self::default() }
    }

    /// How many bytes of a piece belong to the value, and whether it ends there.
    pub(super) fn run(&mut self, piece: &[u8]) -> (usize, bool) {
        if self.is_scalar {
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' | b':');
            return match piece.iter().position(ends) {
                Some(at) => (at, true),
                None => (piece.len(), false),
            };
        }
        let mut at = 0;
        while let Some(rest) = piece.get(at..).filter(|rest| !rest.is_empty()) {
            if self.is_escaped {
                self.is_escaped = false;
                at += 1;
            } else if self.is_in_string {
                let Some(found) = memchr2(b'"', b'\\', rest) else { return (piece.len(), false) };
                at += found + 1;
                self.is_escaped = rest.get(found) == Some(&b'\\');
                self.is_in_string = self.is_escaped;
                if !self.is_in_string && self.depth == 0 {
                    return (at, true);
                }
            } else {
                let is_structure = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
                let Some(found) = rest.iter().position(is_structure) else { return (piece.len(), false) };
                at += found + 1;
                match rest.get(found) {
                    Some(b'"') => self.is_in_string = true,
                    Some(b'{' | b'[') => self.depth += 1,
                    _ => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return (at, true);
                        }
                    }
                }
            }
        }
        (piece.len(), false)
    }
}
