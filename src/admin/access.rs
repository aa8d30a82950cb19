//! Who may see what. Pure.
//!
//! Owns: the token, the names under which the server lets itself be called, the hooks' secret.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;

/// Why somebody is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// No token, or a wrong one: a browser is to ask for it.
    Token,
    /// The name in the request is none of this machine's: another site's page may be behind it.
    Host,
}

/// Whether two secrets are the same, in a time that tells nothing about where they differ.
fn is_same(given: &[u8], secret: &SecretString) -> bool {
    let (given, secret) = (blake3::hash(given), blake3::hash(secret.expose_secret().as_bytes()));
    // Compares hashes in constant time.
    given == secret
}

/// Whether a hook's last part is the secret.
pub(super) fn knows_secret(given: &str, secret: Option<&SecretString>) -> bool {
    secret.is_some_and(|secret| is_same(given.as_bytes(), secret))
}

/// Whether a request may see what is not for everybody.
pub(super) fn admit(headers: &HeaderMap, token: Option<&SecretString>) -> Result<(), Denied> {
    match token {
        Some(token) => match presented_token(headers) {
            Some(given) if is_same(&given, token) => Ok(()),
            _ => Err(Denied::Token),
        },
        None if names_this_machine(headers) => Ok(()),
        None => Err(Denied::Host),
    }
}

/// The token in `Authorization`: as a bearer, or as the password of any user.
fn presented_token(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_vec());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = BASE64.decode(rest.trim()).ok()?;
        let at = decoded.iter().position(|byte| *byte == b':')?;
        return decoded.get(at + 1..).map(<[u8]>::to_vec);
    }
    None
}

/// Whether `Host` is a loopback name: a page of another site that has its own name point here is not shown anything.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn without_a_token_only_this_machines_own_names_are_answered() {
        for (host, admitted) in [
            ("127.0.0.1:9464", true),
            ("localhost:9464", true),
            ("LOCALHOST", true),
            ("[::1]:9464", true),
            ("127.0.0.2", true),
            ("evil.example:9464", false),
            ("localhost.evil.example", false),
            ("10.0.0.1:9464", false),
            ("", false),
        ] {
            let verdict = admit(&headers(&[(header::HOST, host)]), None);
            assert_eq!(verdict, if admitted { Ok(()) } else { Err(Denied::Host) }, "{host}");
        }
        assert_eq!(admit(&HeaderMap::new(), None), Err(Denied::Host));
    }

    #[test]
    fn a_token_is_taken_as_a_bearer_or_as_a_password_and_nothing_else_is() {
        let token = SecretString::from("open-sesame-1234");
        for (value, admitted) in [
            ("Bearer open-sesame-1234", true),
            ("bearer open-sesame-1234", true),
            // any:open-sesame-1234
            ("Basic YW55Om9wZW4tc2VzYW1lLTEyMzQ=", true),
            // :open-sesame-1234
            ("basic Om9wZW4tc2VzYW1lLTEyMzQ=", true),
            ("Bearer open-sesame-123", false),
            ("Bearer ", false),
            ("Basic open-sesame-1234", false),
            ("Basic ***", false),
            ("open-sesame-1234", false),
        ] {
            let from = headers(&[(header::AUTHORIZATION, value), (header::HOST, "anything.example")]);
            assert_eq!(admit(&from, Some(&token)).is_ok(), admitted, "{value}");
        }
        assert_eq!(admit(&HeaderMap::new(), Some(&token)), Err(Denied::Token));
    }

    #[test]
    fn there_is_no_hook_without_a_secret() {
        let secret = SecretString::from("hook-secret-of-some-length");
        assert!(knows_secret("hook-secret-of-some-length", Some(&secret)));
        assert!(!knows_secret("hook-secret-of-some-lengt", Some(&secret)));
        assert!(!knows_secret("", Some(&secret)));
        assert!(!knows_secret("", None));
    }
}
