//! Which names say that what stands under them is a credential.
//!
//! Owns: the words. A name is taken apart into words first, so that `apiKey`, `API-Key` and `api_key` are one.

use std::cell::RefCell;
use std::collections::HashMap;

/// Within a name, whatever stands around it.
const ANYWHERE: [&str; 39] = [
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "sessionkey",
    "signingkey",
    "encryptionkey",
    "authkey",
    "masterkey",
    "accountkey",
    "sharedkey",
    "subscriptionkey",
    "consumerkey",
    "clientkey",
    "servicekey",
    "licensekey",
    "integrationkey",
    "webhookkey",
    "sshkey",
    "accesstoken",
    "refreshtoken",
    "sessiontoken",
    "authtoken",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "authorization",
    "credential",
    "bearer",
    "signature",
    "connectionstring",
    // What a tool sends to another system, credentials and all.
    "bodytemplate",
    "motdepasse",
    "passwort",
    "kennwort",
    "contraseña",
    "cléapi",
    "cleapi",
];

/// One of a name's words.
const WORDS: [&str; 19] = [
    "secret",
    "secrets",
    "token",
    "auth",
    "oauth",
    "authentication",
    "psk",
    "pwd",
    "mdp",
    "jeton",
    "jwt",
    "cookie",
    "cookies",
    "otp",
    "totp",
    "hmac",
    "sig",
    "dsn",
    "sas",
];

/// The end of a name that is written without a mark between its words.
const ENDINGS: [&str; 4] = ["secret", "token", "cookie", "cookies"];

/// A word behind or before one of [`WORDS`] that makes it a count, or a kind.
const HARMLESS: [&str; 14] = [
    "count", "counts", "limit", "max", "min", "usage", "used", "total", "budget", "number", "type", "method",
    "mode", "per",
];

/// The last word of a name that is about a credential, and holds none.
const ABOUT: [&str; 14] = [
    "at",
    "changed",
    "count",
    "enabled",
    "expired",
    "expires",
    "expiry",
    "policy",
    "received",
    "requested",
    "required",
    "status",
    "valid",
    "verified",
];

/// Names of URL parameters that hold credentials, besides those that say so anywhere.
const PARAMETERS: [&str; 8] = ["key", "keys", "code", "pass", "pw", "sid", "session", "sessionid"];

/// Names whose judgement is remembered: rows by the million have the same few.
const REMEMBERED: usize = 2_000;

/// What a name says of the value under it.
#[derive(Clone, Copy)]
struct Judgement {
    is_credential: bool,
    holds_credentials: bool,
}

/// Whether a member of this name holds a credential, going by the words that its name is made of.
pub(super) fn is_credential(name: &str) -> bool {
    judged(name).is_credential
}

/// Whether a member of this name is a list or an object of what is sent along with a request.
pub(super) fn holds_credentials(name: &str) -> bool {
    judged(name).holds_credentials
}

fn judged(name: &str) -> Judgement {
    thread_local! {
        static KNOWN: RefCell<HashMap<Box<str>, Judgement>> = RefCell::default();
    }
    let judge = || Judgement { is_credential: judge(name), holds_credentials: names_what_is_sent(name) };
    if name.len() > 100 {
        return judge();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(judgement) = known.get(name) {
            return *judgement;
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let judgement = judge();
        known.insert(name.into(), judgement);
        judgement
    })
}

fn judge(name: &str) -> bool {
    let words = words(name);
    let is_any_of = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if words.last().is_some_and(|last| ABOUT.contains(&last.as_str())) {
        return false;
    }
    let joined = words.concat();
    if ANYWHERE.iter().any(|part| joined.contains(part)) {
        return true;
    }
    (is_any_of(&WORDS) || ENDINGS.iter().any(|ending| joined.ends_with(ending))) && !is_any_of(&HARMLESS)
}

/// Whether a URL's parameter of this name holds a credential.
pub(super) fn is_credential_parameter(name: &str) -> bool {
    is_credential(name) || PARAMETERS.contains(&words(name).concat().as_str())
}

fn names_what_is_sent(name: &str) -> bool {
    const ENDS: [&str; 6] =
        ["headers", "header", "queryparams", "queryparameters", "querystring", "searchparams"];
    let joined = words(name).concat();
    ENDS.iter().any(|end| joined.ends_with(end))
}

/// A name's words in lower case: `apiKey`, `API-Key` and `api_key` are `api` and `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = name.chars().peekable();
    let mut previous = ' ';
    while let Some(character) = characters.next() {
        // `aB` begins a word at B, and so does `ABc`.
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins = character.is_uppercase() && (!previous.is_uppercase() || next_is_lower);
        if (begins || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        previous = character;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
