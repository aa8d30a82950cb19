//! JSON as a tree that keeps the digits of its numbers, and when two such trees are equal to `jsonb`.
//!
//! Owns: reading JSON text without the code by which the mirror reads it, so that one mistake does not hide on both
//! sides. U+0000 and lone surrogates become U+FFFD here too, since no Postgres text holds them.

use super::number::plain_number;
use std::collections::BTreeMap;

/// An object's members; of a key that stands twice the last one counts.
pub(super) type Members = BTreeMap<String, Json>;

/// Levels that are read; what lies deeper is [`Json::Unstorable`]. The deepest `jsonb` that the mirror stores may
/// lie a few levels below the object that it is read with.
const DEEPEST: usize = 540;

/// Levels that one value of the mirror may have.
const DEEPEST_VALUE: usize = 512;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(String),
    String(String),
    List(Vec<Self>),
    Object(Members),
    /// Nests deeper than is read.
    Unstorable,
}

impl Json {
    /// Reads a text; `None` when it is no JSON.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.skip_space();
        (reader.at == text.len()).then_some(value)
    }

    /// Whether the mirror can store it as `jsonb`: it rejects what nests too deep, and numbers beyond range.
    pub(super) fn is_storable(&self) -> bool {
        self.fits(DEEPEST_VALUE)
    }

    fn fits(&self, levels: usize) -> bool {
        match self {
            Self::Unstorable => false,
            Self::Number(text) => plain_number(text).is_some(),
            Self::List(items) => levels > 0 && items.iter().all(|item| item.fits(levels - 1)),
            Self::Object(members) => levels > 0 && members.values().all(|value| value.fits(levels - 1)),
            Self::Null | Self::Boolean(_) | Self::String(_) => true,
        }
    }

    /// Whether both are the same to `jsonb`, numbers digit for digit.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => plain_number(one) == plain_number(two),
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is_same(two))
            }
            (Self::Object(one), Self::Object(two)) => {
                one.len() == two.len()
                    && one.iter().zip(two).all(|((key, one), (other, two))| key == other && one.is_same(two))
            }
            (one, two) => one == two,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Feeds all that it says into a hash, but for the query string of any `recording_url`, which may be another
    /// on every read.
    pub(super) fn digest(&self, hasher: &mut blake3::Hasher) {
        let mut text = |mark: &[u8], text: &str| {
            hasher.update(mark);
            hasher.update(&text.len().to_le_bytes());
            hasher.update(text.as_bytes());
        };
        match self {
            Self::Null => text(b"0", ""),
            Self::Unstorable => text(b"?", ""),
            Self::Boolean(value) => text(b"b", if *value { "true" } else { "false" }),
            Self::Number(number) => text(b"n", number),
            Self::String(string) => text(b"s", string),
            Self::List(items) => {
                hasher.update(b"[");
                for item in items {
                    item.digest(hasher);
                }
                hasher.update(b"]");
            }
            Self::Object(members) => {
                hasher.update(b"{");
                for (key, value) in members {
                    hasher.update(&key.len().to_le_bytes());
                    hasher.update(key.as_bytes());
                    match value {
                        Self::String(url) if key == "recording_url" => {
                            let lasting = url.split('?').next().unwrap_or_default();
                            Self::String(lasting.to_owned()).digest(hasher);
                        }
                        _ => value.digest(hasher),
                    }
                }
                hasher.update(b"}");
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.skip_space();
        match self.peek()? {
            b'{' | b'[' if depth >= DEEPEST => self.skip_container(),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Json::String),
            b't' => self.literal("true", Json::Boolean(true)),
            b'f' => self.literal("false", Json::Boolean(false)),
            b'n' => self.literal("null", Json::Null),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &str, value: Json) -> Option<Json> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())?;
        Some(value)
    }

    fn number(&mut self) -> Option<Json> {
        let rest = self.text.get(self.at..)?;
        let length =
            rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        self.at += length;
        rest.get(..length).filter(|number| !number.is_empty()).map(|number| Json::Number(number.to_owned()))
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        let mut members = Members::new();
        self.take(b'{')?;
        self.skip_space();
        if self.take(b'}').is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.skip_space();
            self.take(b':')?;
            members.insert(key, self.value(depth + 1)?);
            self.skip_space();
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(Json::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        let mut items = Vec::new();
        self.take(b'[')?;
        self.skip_space();
        if self.take(b']').is_some() {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(Json::List(items));
            }
        }
    }

    /// Passes over an object or a list without going down into it.
    fn skip_container(&mut self) -> Option<Json> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(Json::Unstorable);
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut string = String::new();
        loop {
            let rest = self.text.get(self.at..)?;
            let length = rest.find(['"', '\\'])?;
            string.push_str(rest.get(..length)?);
            self.at += length;
            if self.take(b'"').is_some() {
                return Some(string);
            }
            self.at += 1;
            string.push(self.escaped()?);
        }
    }

    /// The character whose escape begins here, behind the backslash.
    fn escaped(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let follower = self.at;
                let low = (0xD800..0xDC00).contains(&unit).then(|| self.second_unit()).flatten();
                if let Some(low) = low.filter(|low| (0xDC00..0xE000).contains(low)) {
                    char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?
                } else {
                    self.at = follower;
                    let letter = char::from_u32(unit).filter(|letter| *letter != '\0');
                    letter.unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            other => char::from(other),
        })
    }

    fn second_unit(&mut self) -> Option<u32> {
        self.take(b'\\')?;
        self.take(b'u')?;
        self.unit()
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Json {
        Json::String(text.to_owned())
    }

    #[test]
    fn text_is_read_as_postgres_would_store_it() {
        let cases = [
            (r#""a\"\\\/\b\f\n\r\t""#, Some(string("a\"\\/\u{8}\u{c}\n\r\t"))),
            (r#""\u00e9 \ud83d\ude00 é""#, Some(string("é 😀 é"))),
            (r#""\u0000 \ud83d \ud83d\u0041 \ude00""#, Some(string("\u{fffd} \u{fffd} \u{fffd}A \u{fffd}"))),
            (" 1e3 ", Some(Json::Number("1e3".to_owned()))),
            ("[ ]", Some(Json::List(Vec::new()))),
            (r#"{"a":1,"a":null}"#, Some(Json::Object([("a".to_owned(), Json::Null)].into()))),
            ("[1", None),
            ("[1] 2", None),
            (r#"{"a" 1}"#, None),
            ("nul", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Json::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_compared_digit_for_digit() {
        let same = |one: &str, two: &str| Json::parse(one).unwrap().is_same(&Json::parse(two).unwrap());
        assert!(same(r#"{"a":[1e2,{"b":2}]}"#, r#"{ "a": [100, {"b": 2}] }"#));
        assert!(!same("1.1", "1.10"));
        assert!(!same(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
        assert!(!same("9007199254740993", "9007199254740992"));
    }

    #[test]
    fn what_nests_too_deep_is_read_and_not_storable() {
        let nested =
            |depth: usize| Json::parse(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth))).unwrap();
        assert!(nested(512).is_storable());
        assert!(!nested(513).is_storable());
        assert!(!nested(100_000).is_storable());
        assert!(!Json::parse(r#"{"a":1e20000}"#).unwrap().is_storable());
    }

    #[test]
    fn a_recording_signed_afresh_has_the_same_digest() {
        let digest = |text: &str| {
            let mut hasher = blake3::Hasher::new();
            Json::parse(text).unwrap().digest(&mut hasher);
            hasher.finalize()
        };
        assert_eq!(
            digest(r#"{"recording_url":"a?s=1","b":1}"#),
            digest(r#"{"b":1,"recording_url":"a?s=2"}"#)
        );
        assert_ne!(digest(r#"{"other_url":"a?s=1"}"#), digest(r#"{"other_url":"a?s=2"}"#));
        assert_ne!(digest(r#"[["a"],"b"]"#), digest(r#"[["a","b"]]"#));
    }
}
