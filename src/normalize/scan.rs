//! Walking over JSON text that need not be looked into: where a string ends, what stands between two places.

use memchr::memchr2;
use std::ops::Range;

/// A part of a text; empty where the text has no such part.
pub(super) fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Where the string ends that opens at `open`: behind its closing quote, or at the end of a text that breaks off.
pub(super) fn string_end(text: &str, open: usize) -> usize {
    let mut position = open + 1;
    while let Some(distance) = memchr2(b'"', b'\\', part(text, position..text.len()).as_bytes()) {
        let at = position + distance;
        if text.as_bytes().get(at) == Some(&b'"') {
            return at + 1;
        }
        // Behind a backslash stands one ASCII character, or the first of several that are none of the two.
        position = at + 2;
        while position < text.len() && !text.is_char_boundary(position) {
            position += 1;
        }
    }
    text.len()
}

/// Where the next character stands, from `position` on, that is no white space.
pub(super) fn skip_space(text: &str, position: usize) -> usize {
    let rest = part(text, position..text.len());
    position + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len())
}
