//! What of a row is left out, or written in another form, because the operator wants it so.
//!
//! Works on the row's JSON before anything is made of it, so that columns, `_extra`, rejects and drift are made of the same.
//! Owns: which members hold what was said, where it was recorded, and whose numbers are whose. Leaves to `privacy`: hashes.

use super::jsonb::quote;
use super::privacy::{PrivacyKey, bare_number};
use super::retention::{Cutoffs, LeftOut, created_at};
use super::values::read_phone_number;
use super::{MAX_DEPTH, Options};
use crate::records::Time;
use crate::wire::{Kind, Object, read_list, read_string};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// How phone numbers of people are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PhoneNumbers {
    /// As the API shows them.
    #[default]
    Full,
    /// As `#` and a keyed hash.
    Hashed,
    /// With two digits at each end, and half of the keyed hash behind them.
    Masked,
}

/// What of people is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy {
    /// What was said: transcripts, and the texts of speech events.
    pub no_transcripts: bool,
    /// Where it was recorded.
    pub no_recording_urls: bool,
    /// Keys of `input_data`, lower case.
    pub input_keys_left_out: Vec<String>,
    /// How phone numbers are written.
    pub phone_numbers: PhoneNumbers,
}

impl Privacy {
    fn left_out(&self) -> LeftOut {
        LeftOut { said: self.no_transcripts, recorded: self.no_recording_urls }
    }

    /// In words, for how rows are read; empty when everything is kept.
    pub(super) fn reading(&self, key: Option<&PrivacyKey>) -> String {
        let Self { no_transcripts, no_recording_urls, input_keys_left_out, phone_numbers } = self;
        let mut words = String::new();
        for (is_so, what) in
            [(*no_transcripts, " without transcripts"), (*no_recording_urls, " without recordings")]
        {
            words.push_str(if is_so { what } else { "" });
        }
        if !input_keys_left_out.is_empty() {
            let _ = write!(words, " without input {input_keys_left_out:?}");
        }
        if *phone_numbers != PhoneNumbers::Full {
            let check = key.map(|key| hex(&key.check())).unwrap_or_default();
            let _ = write!(words, " numbers {phone_numbers:?} by {check}");
        }
        words
    }
}

impl PrivacyKey {
    /// A number as it is stored.
    #[must_use]
    pub fn written(&self, number: &str, how: PhoneNumbers) -> String {
        let hash = hex(&self.phone(number));
        match how {
            PhoneNumbers::Full => number.to_owned(),
            PhoneNumbers::Hashed => format!("#{hash}"),
            PhoneNumbers::Masked => {
                let bare = bare_number(number);
                let count = bare.chars().count();
                let shown = |at: usize| count > 6 && (at < 2 || at + 2 >= count);
                let masked: String = bare
                    .chars()
                    .enumerate()
                    .map(|(at, letter)| if shown(at) { letter } else { '*' })
                    .collect();
                format!("{masked}#{}", hash.get(..16).unwrap_or_default())
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A row's JSON as it is to be read.
pub(super) fn leave_out<'a>(json: &'a str, options: &Options) -> Cow<'a, str> {
    let keeps_everything = options.privacy == Privacy::default();
    if keeps_everything && options.retention.cutoffs == Cutoffs::default() {
        return Cow::Borrowed(json);
    }
    let Some(row) = Object::read(json) else {
        // Nothing can be told about it.
        return Cow::Borrowed(if keeps_everything { json } else { "\"[left out]\"" });
    };
    if keeps_everything && !options.retention.touches(&row) {
        return Cow::Borrowed(json);
    }
    let mut writer = Writer::new(options, numbers_of(&row), json.len());
    writer.value(json, Place::Row, 0);
    Cow::Owned(writer.text)
}

/// JSON of any shape without what was said or recorded.
pub(crate) fn leave_out_of(json: &str, left_out: LeftOut) -> String {
    let options = Options::default();
    let mut writer = Writer { left_out, ..Writer::new(&options, HashSet::new(), json.len()) };
    writer.value(json, Place::Elsewhere, 0);
    writer.text
}

/// The numbers of the people whom a row is about, bare.
fn numbers_of(row: &Object<'_>) -> HashSet<String> {
    let call = row.get("call").and_then(Object::read).unwrap_or_default();
    let direction = direction_of(&call);
    let mut numbers = vec![row.get("phone_number")];
    numbers.extend(
        ["to_phone_number", "from_phone_number"]
            .map(|key| call.get(key).filter(|_| !is_own(key, &direction))),
    );
    let bare = numbers.into_iter().flatten().filter_map(read_phone_number).map(|number| bare_number(&number));
    bare.filter(|number| is_long(number)).collect()
}

/// Whether it is long enough to be nothing else than a phone number, where it stands under another name.
fn is_long(bare: &str) -> bool {
    bare.len() >= 6 && bare.bytes().all(|byte| byte.is_ascii_digit())
}

fn direction_of(call: &Object<'_>) -> String {
    call.get("direction").and_then(read_string).unwrap_or_default().into_owned()
}

/// Whether a call's number is the account's own.
fn is_own(key: &str, direction: &str) -> bool {
    match direction {
        "inbound" => key == "to_phone_number",
        "outbound" | "" => key == "from_phone_number",
        _ => false,
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Row,
    InputData,
    WithinInputData,
    Call,
    Attempt,
    Elsewhere,
}

/// The lists of what was said in an attempt.
const LISTS: [&str; 2] = ["transcript", "post_call_transcript"];

struct Writer<'o> {
    options: &'o Options,
    numbers: HashSet<String>,
    text: String,
    /// What is left out here.
    left_out: LeftOut,
    /// When the call was made.
    created_at: Option<Time>,
}

impl<'o> Writer<'o> {
    fn new(options: &'o Options, numbers: HashSet<String>, length: usize) -> Self {
        let left_out = options.privacy.left_out();
        Self { options, numbers, text: String::with_capacity(length), left_out, created_at: None }
    }

    /// What is left out of an object that stands there.
    fn left_out_of(&mut self, object: &Object<'_>, place: Place) -> LeftOut {
        let Options { privacy, retention, .. } = self.options;
        match place {
            Place::Call => {
                self.created_at = created_at(object);
                privacy.left_out().or(retention.of_call(object))
            }
            Place::Attempt => privacy.left_out().or(retention.of_attempt(object, self.created_at)),
            _ => self.left_out,
        }
    }

    fn value(&mut self, json: &str, place: Place, depth: usize) {
        if depth > MAX_DEPTH {
            // It is too deep to be stored, and would be a reject.
            return self.text.push_str("\"[left out]\"");
        }
        match Kind::of(json) {
            Kind::Object => self.object(json, place, depth),
            Kind::Array => {
                self.text.push('[');
                for (index, item) in read_list(json).unwrap_or_default().into_iter().enumerate() {
                    self.text.push_str(if index > 0 { "," } else { "" });
                    self.value(item, place, depth + 1);
                }
                self.text.push(']');
            }
            Kind::String | Kind::Number if self.is_number_of_somebody(json) => self.number(json),
            _ => self.text.push_str(json),
        }
    }

    fn object(&mut self, json: &str, place: Place, depth: usize) {
        let Some(object) = Object::read(json) else { return self.text.push_str("null") };
        let direction = if place == Place::Call { direction_of(&object) } else { String::new() };
        let privacy = &self.options.privacy;
        let left_out = self.left_out_of(&object, place);
        let around = std::mem::replace(&mut self.left_out, left_out);
        let has_no_lists = place == Place::Attempt && left_out.said;
        self.text.push('{');
        let mut is_first = true;
        for member in object.into_leftovers() {
            let key = member.key.as_ref();
            if place == Place::InputData && privacy.input_keys_left_out.contains(&key.trim().to_lowercase())
                || has_no_lists && LISTS.contains(&key)
            {
                continue;
            }
            self.key(key, &mut is_first);
            self.member(key, member.json, (place, &direction), depth);
        }
        // Of a list that is not shown the lines would stay.
        for key in LISTS.iter().filter(|_| has_no_lists) {
            self.key(key, &mut is_first);
            self.text.push_str("[]");
        }
        self.text.push('}');
        self.left_out = around;
    }

    fn key(&mut self, key: &str, is_first: &mut bool) {
        self.text.push_str(if std::mem::take(is_first) { "" } else { "," });
        self.text.push_str(&quote(key));
        self.text.push(':');
    }

    fn member(&mut self, key: &str, json: &str, (place, direction): (Place, &str), depth: usize) {
        let kind = Kind::of(json);
        let has_words = matches!(kind, Kind::String | Kind::Array | Kind::Object);
        let is_said = key.contains("transcript") || key == "llm_system_prompt";
        let is_out = self.left_out.said && is_said || self.left_out.recorded && key.contains("recording");
        let inner = match (place, key) {
            // It is nobody's, and read apart from the row.
            (Place::Call, "assistant") => return self.text.push_str(json),
            (Place::Row, "input_data") => Place::InputData,
            (Place::Row, "call") => {
                if Object::read(json).is_some_and(|call| self.options.retention.is_call_past(&call)) {
                    return self.text.push_str("null");
                }
                Place::Call
            }
            (Place::InputData | Place::WithinInputData, _) => Place::WithinInputData,
            (Place::Call, "call_attempts" | "last_call_attempt") => Place::Attempt,
            _ => Place::Elsewhere,
        };
        let is_number = key == "phone_number" || key.ends_with("_phone_number");
        if is_out && has_words && !matches!(place, Place::InputData | Place::WithinInputData) {
            self.text.push_str(if kind == Kind::Array { "[]" } else { "null" });
        } else if is_number && matches!(kind, Kind::String | Kind::Number) {
            if place == Place::Call && is_own(key, direction) {
                self.text.push_str(json);
            } else {
                self.number(json);
            }
        } else {
            self.value(json, inner, depth + 1);
        }
    }

    fn is_number_of_somebody(&self, json: &str) -> bool {
        self.options.privacy.phone_numbers != PhoneNumbers::Full
            && read_phone_number(json).is_some_and(|text| self.numbers.contains(&bare_number(&text)))
    }

    /// A number in the form that is wanted; what cannot be one might hold one all the same, and is left out.
    fn number(&mut self, json: &str) {
        let how = self.options.privacy.phone_numbers;
        match (&self.options.privacy_key, read_phone_number(json)) {
            _ if how == PhoneNumbers::Full => self.text.push_str(json),
            (Some(key), Some(number)) if !number.is_empty() => {
                self.text.push_str(&quote(&key.written(&number, how)));
            }
            _ => self.text.push_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(privacy: Privacy) -> Options {
        Options { privacy, privacy_key: Some(PrivacyKey::new(&[7; 32])), ..Options::default() }
    }

    #[test]
    fn what_was_said_and_recorded_is_left_out_wherever_it_stands() {
        let options =
            options(Privacy { no_transcripts: true, no_recording_urls: true, ..Privacy::default() });
        for (row, expected) in [
            (
                r#"{"id":"r","input_data":{"transcript":"t"}}"#,
                r#"{"id":"r","input_data":{"transcript":"t"}}"#,
            ),
            (
                r#"{"call":{"call_attempts":[{"id":"a","transcript":[{"content":"t"}],"recording_url":"u"}]}}"#,
                r#"{"call":{"call_attempts":[{"id":"a","recording_url":null,"transcript":[],"post_call_transcript":[]}]}}"#,
            ),
            (
                r#"{"call":{"call_attempts":[{"speech_events":[{"transcript":"t","stt_transcription_delay_ms":1,"llm_system_prompt":"p"}]}]}}"#,
                r#"{"call":{"call_attempts":[{"speech_events":[{"transcript":null,"stt_transcription_delay_ms":1,"llm_system_prompt":null}],"transcript":[],"post_call_transcript":[]}]}}"#,
            ),
            (
                r#"{"call":{"raw_transcript":{"a":"t"},"recordings":["u"]}}"#,
                r#"{"call":{"raw_transcript":null,"recordings":[]}}"#,
            ),
            (r#"{"call":{"assistant":{"recording":"u"}}}"#, r#"{"call":{"assistant":{"recording":"u"}}}"#),
            (r#""transcript""#, r#""[left out]""#),
        ] {
            assert_eq!(leave_out(row, &options), expected, "{row}");
        }
    }

    #[test]
    fn keys_of_input_data_are_left_out_whatever_their_case() {
        let options = options(Privacy { input_keys_left_out: vec!["name".to_owned()], ..Privacy::default() });
        let row = r#"{"name":"kept","input_data":{" Name":"n","city":{"name":"kept"}}}"#;
        assert_eq!(leave_out(row, &options), r#"{"name":"kept","input_data":{"city":{"name":"kept"}}}"#);
    }

    #[test]
    fn numbers_of_people_are_hashed_and_those_of_the_account_stay() {
        let key = PrivacyKey::new(&[7; 32]);
        let hashed = options(Privacy { phone_numbers: PhoneNumbers::Hashed, ..Privacy::default() });
        let form = key.written("33612345678", PhoneNumbers::Hashed);
        assert_eq!(form.len(), 33);
        for (row, expected) in [
            (r#"{"phone_number":"+33612345678"}"#, r#"{"phone_number":"H"}"#),
            (r#"{"phone_number":33612345678}"#, r#"{"phone_number":"H"}"#),
            (
                r#"{"phone_number":"+33612345678","input_data":{"tel":"0033 612345678","n":33612345678}}"#,
                r#"{"phone_number":"H","input_data":{"tel":"H","n":"H"}}"#,
            ),
            (
                r#"{"call":{"to_phone_number":"+33612345678","from_phone_number":"+331"}}"#,
                r#"{"call":{"to_phone_number":"H","from_phone_number":"+331"}}"#,
            ),
            (
                r#"{"call":{"direction":"inbound","to_phone_number":"+331","from_phone_number":"+33612345678"}}"#,
                r#"{"call":{"direction":"inbound","to_phone_number":"+331","from_phone_number":"H"}}"#,
            ),
            (
                r#"{"call":{"call_attempts":[{"phone_number":"+33612345678","sms_log":[{"to_phone_number":"33612345678"}]}]}}"#,
                r#"{"call":{"call_attempts":[{"phone_number":"H","sms_log":[{"to_phone_number":"H"}]}]}}"#,
            ),
        ] {
            assert_eq!(leave_out(row, &hashed), expected.replace('H', &form), "{row}");
        }
        let masked = key.written("+33 6 12 34 56 78", PhoneNumbers::Masked);
        assert!(masked.starts_with("33*******78#") && masked.len() == 11 + 17, "{masked}");
        assert_eq!(key.written("0033612345678", PhoneNumbers::Masked), masked);
        assert_ne!(key.written("0033612345978", PhoneNumbers::Masked), masked);
        assert!(key.written("12345", PhoneNumbers::Masked).starts_with("*****#"));
    }

    #[test]
    fn what_nests_too_deep_is_left_out() {
        let options = options(Privacy { phone_numbers: PhoneNumbers::Hashed, ..Privacy::default() });
        let row =
            format!(r#"{{"a":{}{{"phone_number":"+33612345678"}}{}}}"#, "[".repeat(600), "]".repeat(600));
        assert!(!leave_out(&row, &options).contains("612345678"));
    }
}
