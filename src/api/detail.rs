//! The API's own words about a request that it refused, made fit to be shown.
//!
//! Owns: that neither the key nor personal data leaves through an error. Leaves to `exchange`: reading the body.

use serde::Deserialize;

/// Characters of the API's words that are kept.
const MAX_CHARS: usize = 200;
/// A word this long that also holds a digit is taken for a token.
const TOKEN_CHARS: usize = 16;
/// So many digits in a word are taken for a phone number.
const PHONE_DIGITS: usize = 6;
/// A word that shares this many characters with the key, in a row, is taken for the key.
const KEY_PIECE_CHARS: usize = 6;
const REDACTED: &str = "[redacted]";

/// The shapes that error messages come in.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Text(String),
    Nested { message: String },
}

#[derive(Deserialize)]
struct Refusal {
    error: Option<Message>,
    message: Option<Message>,
}

/// The text of `error` or `message` in a JSON body, without what looks like a secret or a person.
pub(super) fn of_body(body: &[u8], key: &str) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let (Message::Text(text) | Message::Nested { message: text }) = refusal.message.or(refusal.error)?;
    let text = scrub(&text, key);
    (!text.is_empty()).then_some(text)
}

/// The host's name, unless the key stands in it. Names are lower case, whatever was sent.
pub(super) fn of_host(host: String, key: &str) -> String {
    if host.to_lowercase().contains(&key.to_lowercase()) { REDACTED.to_owned() } else { host }
}

/// The text on one line, cut short, with words that look like a key, a token, an address or a phone number
/// redacted, with URLs, and with whatever is said to be a credential.
fn scrub(text: &str, key: &str) -> String {
    let text = if key.is_empty() { text.to_owned() } else { text.replace(key, REDACTED) };
    let mut scrubbed = String::with_capacity(text.len().min(4 * MAX_CHARS));
    for stretch in text.split_inclusive(char::is_whitespace) {
        if stretch.contains("://") {
            scrubbed.push_str(REDACTED);
            scrubbed.push(' ');
        } else {
            scrub_words(stretch, key, &mut scrubbed);
        }
    }
    let mut short: String = scrubbed.chars().take(MAX_CHARS).collect();
    short.truncate(short.trim_end().len());
    short
}

fn scrub_words(text: &str, key: &str, scrubbed: &mut String) {
    for piece in text.split_inclusive(|character| !is_word(character)) {
        let word = piece.trim_end_matches(|character| !is_word(character));
        let is_value =
            !word.is_empty() && !is_scheme(word) && !REDACTED.contains(word) && names_credential(scrubbed);
        scrubbed.push_str(if is_value || is_sensitive(word, key) { REDACTED } else { word });
        scrubbed.extend(
            piece
                .chars()
                .skip(word.chars().count())
                .map(|separator| if separator.is_control() { ' ' } else { separator }),
        );
    }
}

/// Whether what comes next is a credential, going by what stands before it: `api_key=`, `"token": "`, `Bearer `.
fn names_credential(before: &str) -> bool {
    let name = before.trim_end_matches(|character| !is_word(character));
    let mark = before.get(name.len()..).unwrap_or_default();
    let name = name.rsplit(|character| !is_word(character)).next().unwrap_or_default().to_lowercase();
    let is_assigned = mark.contains(['=', ':'])
        && ["key", "token", "secret", "password", "authorization", "credential", "credentials"]
            .iter()
            .any(|end| name.ends_with(end));
    is_scheme(&name) || is_assigned
}

/// Whether a word says how a credential is sent.
fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '@' | '+')
}

fn is_sensitive(word: &str, key: &str) -> bool {
    let characters: Vec<char> = word.chars().collect();
    let digits = characters.iter().filter(|character| character.is_numeric()).count();
    let mut pieces = characters.windows(KEY_PIECE_CHARS).map(String::from_iter);
    word.contains('@')
        || digits >= PHONE_DIGITS
        || (characters.len() >= TOKEN_CHARS && digits > 0)
        || pieces.any(|piece: String| key.contains(&piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "rvx-live-SeCrEtKeY.abc";

    #[test]
    fn the_apis_words_are_found_where_it_puts_them() {
        for (body, expected) in [
            (r#"{"message":"page_size must be at most 50"}"#, Some("page_size must be at most 50")),
            (r#"{"error":"Unknown campaign"}"#, Some("Unknown campaign")),
            (r#"{"error":"Bad Request","message":"page is required"}"#, Some("page is required")),
            (r#"{"error":{"message":"page is required","code":7}}"#, Some("page is required")),
            (r#"{"message":""}"#, None),
            (r#"{"detail":"elsewhere"}"#, None),
            (r#"{"message":["a","b"]}"#, None),
            ("<html>Bad Request</html>", None),
            ("", None),
        ] {
            assert_eq!(of_body(body.as_bytes(), KEY).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_host_is_named_unless_it_holds_the_key() {
        for (host, expected) in [
            ("127.0.0.1", "127.0.0.1"),
            ("api-2.rvx.example", "api-2.rvx.example"),
            ("rvx-live-secretkey.abc.example", "[redacted]"),
        ] {
            assert_eq!(of_host(host.to_owned(), KEY), expected);
        }
    }

    #[test]
    fn what_may_be_a_secret_or_a_person_is_redacted() {
        for (text, expected) in [
            (format!("key {KEY} is unknown"), "key [redacted] is unknown"),
            (format!("Bearer:{KEY}!"), "Bearer:[redacted]!"),
            ("key xx...eCrEtKeY... is unknown".to_owned(), "key [redacted] is unknown"),
            ("secret keys are unknown".to_owned(), "secret keys are unknown"),
            ("key rvx-live-SeCrEt is unknown".to_owned(), "key [redacted] is unknown"),
            ("ada@example.com said no".to_owned(), "[redacted] said no"),
            ("call +33612345678".to_owned(), "call [redacted]"),
            ("token sk_A1bcdefghijklmnop".to_owned(), "token [redacted]"),
            ("one\r\n\u{1b}[31mtwo".to_owned(), "one   [31mtwo"),
            ("api_key=hunter is wrong".to_owned(), "api_key=[redacted] is wrong"),
            (
                r#"{"clientSecret": "hunter", "a": "b"}"#.to_owned(),
                r#"{"clientSecret": "[redacted]", "a": "b"}"#,
            ),
            ("Authorization: Bearer hunter".to_owned(), "Authorization: Bearer [redacted]"),
            ("go to https://ada:hunter@h.example/?q=hunter now".to_owned(), "go to [redacted] now"),
            ("ab".repeat(200), &"ab".repeat(100)),
        ] {
            assert_eq!(scrub(&text, KEY), expected, "{text}");
        }
    }
}
