//! One look at each byte of a JSON value: whether it is one, where it ends, and where each object and list in it does.
//!
//! Owns: JSON's grammar (RFC 8259), of a text that is known to be UTF-8. No value is read here, and none nests too deeply for it.

/// An object or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) length: u32,
    /// How often a comma stands in it, what lies within apart.
    pub(super) commas: u32,
}

/// An object or a list whose end has not come.
#[derive(Clone, Copy)]
struct Open {
    /// Its place among the spans, unless it lies too deep.
    slot: u32,
    commas: u32,
    is_object: bool,
}

/// Objects and lists that lie deeper have no span: nothing that is known of rows does, and an answer of brackets alone is to take no
/// more memory than it must.
const DEEPEST: usize = 64;
const NO_SLOT: u32 = u32::MAX;

/// Objects and lists of a row of the usual size, and how deep they nest.
const USUAL_SPANS: usize = 48;
const USUAL_DEPTH: usize = 16;

/// The objects and lists of the value that the text begins with, in the order of their beginnings, and where it ends. None where
/// there is no value, or not all of it, or more than four gigabytes.
pub(super) fn scan(text: &[u8]) -> Option<(Vec<Span>, usize)> {
    let mut spans: Vec<Span> = Vec::with_capacity(USUAL_SPANS);
    let mut around = Vec::with_capacity(USUAL_DEPTH);
    let mut open = Open { slot: NO_SLOT, commas: 0, is_object: false };
    let mut at = skip_space(text, 0);
    loop {
        match *text.get(at)? {
            byte @ (b'{' | b'[') => {
                let is_object = byte == b'{';
                let mut slot = NO_SLOT;
                if around.len() < DEEPEST {
                    slot = u32::try_from(spans.len()).ok()?;
                    spans.push(Span { start: u32::try_from(at).ok()?, length: 0, commas: 0 });
                }
                around.push(std::mem::replace(&mut open, Open { slot, commas: 0, is_object }));
                at = skip_space(text, at + 1);
                let is_empty = matches!((*text.get(at)?, is_object), (b'}', true) | (b']', false));
                if !is_empty {
                    at = if is_object { key(text, at)? } else { at };
                    continue;
                }
            }
            b'"' => at = string(text, at + 1)?,
            b'-' | b'0'..=b'9' => at = number(text, at)?,
            b't' => at = word(text, at, b"true")?,
            b'f' => at = word(text, at, b"false")?,
            b'n' => at = word(text, at, b"null")?,
            _ => return None,
        }
        // Behind a value: what it lies in goes on, or ends and is a value itself.
        loop {
            if around.is_empty() {
                return Some((spans, at));
            }
            at = skip_space(text, at);
            match (*text.get(at)?, open.is_object) {
                (b',', is_object) => {
                    open.commas += 1;
                    at = skip_space(text, at + 1);
                    at = if is_object { key(text, at)? } else { at };
                    break;
                }
                (b'}', true) | (b']', false) => {
                    at += 1;
                    if let Some(span) = spans.get_mut(usize::try_from(open.slot).ok()?) {
                        span.length = u32::try_from(at).ok()? - span.start;
                        span.commas = open.commas;
                    }
                    open = around.pop()?;
                }
                _ => return None,
            }
        }
    }
}

/// Where the value begins behind a key and its colon.
fn key(text: &[u8], at: usize) -> Option<usize> {
    let colon = skip_space(text, string(text, stand(text, at, b'"')?)?);
    Some(skip_space(text, stand(text, colon, b':')?))
}

/// Behind a byte that must stand there.
fn stand(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

fn word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at + word.len();
    (text.get(at..end) == Some(word)).then_some(end)
}

/// Where a string ends, whose first character stands at `at`: behind its closing quote.
fn string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = plain_end(text, at)?;
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => {
                at += match *text.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                    b'u' if text.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => 6,
                    _ => return None,
                }
            }
            // A control character.
            _ => return None,
        }
    }
}

/// Where the next byte stands that is a quote, a backslash or a control character: eight bytes at a time.
fn plain_end(text: &[u8], mut at: usize) -> Option<usize> {
    const EACH: u64 = u64::MAX / 255;
    const HIGH: u64 = EACH * 0x80;
    // The highest bit of each byte that is less than `limit`; above the lowest such byte there may be others.
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(EACH * limit) & !bytes & HIGH;
    let mut rest = text.get(at..)?;
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        let bytes = u64::from_le_bytes(*eight);
        let quotes = bytes ^ (EACH * u64::from(b'"'));
        let backslashes = bytes ^ (EACH * u64::from(b'\\'));
        let found = below(bytes, 0x20) | below(quotes, 1) | below(backslashes, 1);
        if found != 0 {
            return Some(at + usize::try_from(found.trailing_zeros() / 8).ok()?);
        }
        at += 8;
        rest = behind;
    }
    Some(at + rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))?)
}

fn number(text: &[u8], at: usize) -> Option<usize> {
    let at = stand(text, at, b'-').unwrap_or(at);
    let mut end = digits(text, at)?;
    if text.get(at) == Some(&b'0') && end > at + 1 {
        return None;
    }
    if let Some(fraction) = stand(text, end, b'.') {
        end = digits(text, fraction)?;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        end = digits(text, end + 1 + sign)?;
    }
    Some(end)
}

/// Behind one digit and those that follow it.
fn digits(text: &[u8], at: usize) -> Option<usize> {
    let count = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(at + count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    /// Where the first value of a text ends, as the JSON library has it.
    fn end_of(text: &str) -> Option<usize> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let is_one = values.next()?.is_ok();
        is_one.then(|| values.byte_offset())
    }

    fn assert_same(text: &str) {
        let scanned = scan(text.as_bytes());
        // Behind a number or a word the library wants to see that it is over.
        let is_bare = !text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(['{', '[', '"']);
        if is_bare && scanned.as_ref().is_some_and(|(_, end)| *end < text.len()) {
            return;
        }
        assert_eq!(scanned.as_ref().map(|(_, end)| *end), end_of(text), "{text}");
        let Some((spans, end)) = scanned else { return };
        let mut commas = 0;
        for span in &spans {
            let start = usize::try_from(span.start).expect("it is small");
            let part = &text[start..start + usize::try_from(span.length).expect("it is small")];
            commas += span.commas;
            if part.starts_with('[') {
                let items = serde_json::from_str::<Vec<&RawValue>>(part).expect("a list").len();
                assert_eq!(usize::try_from(span.commas).expect("few"), items.saturating_sub(1), "{part}");
            } else {
                assert!(serde_json::from_str::<&RawValue>(part).is_ok() && part.starts_with('{'), "{part}");
            }
        }
        assert_eq!(usize::try_from(commas).expect("few"), commas_outside_of_strings(&text[..end]), "{text}");
    }

    fn commas_outside_of_strings(text: &str) -> usize {
        let text = text.replace(r"\\", "").replace(r#"\""#, "");
        text.split('"').step_by(2).map(|part| part.matches(',').count()).sum()
    }

    #[test]
    fn a_value_ends_where_the_json_library_says_so_and_what_is_none_is_none() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(scan(deep.as_bytes()).map(|(spans, end)| (spans.len(), end)), Some((DEEPEST, 200_000)));
        let texts = [
            "",
            " ",
            "{}",
            " [ ] ",
            "{} x",
            "[1,2]]",
            "[,]",
            "[1,]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a" : 1 , "b":[{"c":null},true , false]}"#,
            "{1:2}",
            "{]",
            "[}",
            r#"["a":1]"#,
            "[1 2]",
            "[",
            "-",
            "-0",
            "-1",
            "00",
            "01",
            "1.",
            "1.5",
            ".5",
            "1e",
            "1e5",
            "1E+5",
            "1e-",
            "1e400",
            "--1",
            "+1",
            "0x1",
            "[0.0e0]",
            "[1.e1]",
            "tru",
            "true",
            "nul",
            "null",
            "falsey",
            "[truefalse]",
            "\"",
            r#""\""#,
            r#""a\"b""#,
            r#""\u12"#,
            r#""\u12g4""#,
            r#""\ud800""#,
            r#""\x""#,
            r#""\/\b\f\n\r\t""#,
            "\"a\tb\"",
            "\"\u{7f}\"",
            "\"12345678\"",
            "\"1234567\u{1f}\"",
            "\"é\u{1f680}é\u{1f680}\"",
            "\u{feff}{}",
            "\u{a0}[]",
            "'a'",
        ];
        texts.into_iter().for_each(assert_same);
    }

    proptest! {
        #[test]
        fn whatever_is_done_to_a_value_is_judged_as_the_json_library_does(
            value in json(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}\",:\\\\0-9eE+.tfnu \u{1}a-]?"), 0..4),
        ) {
            let mut text = value;
            assert_same(&text);
            for (place, put) in changes {
                let places: Vec<(usize, char)> = text.char_indices().collect();
                if places.is_empty() {
                    break;
                }
                let (at, was) = places[place.index(places.len())];
                text.replace_range(at..at + was.len_utf8(), &put);
                assert_same(&text);
            }
        }
    }

    /// A value of any kind, as a text with white space here and there.
    fn json() -> impl Strategy<Value = String> {
        let space = "[ \n]{0,1}";
        let string = r#""([a-zé🚀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,20}""#;
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            "true|false|null",
            string
        ];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            let item = (space, inner.clone(), space)
                .prop_map(|(before, it, behind)| format!("{before}{it}{behind}"));
            let member = (space, string, space, item.clone())
                .prop_map(|(before, key, behind, item)| format!("{before}{key}{behind}:{item}"));
            prop_oneof![
                prop::collection::vec(item, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
        })
    }
}
