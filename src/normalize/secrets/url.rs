//! What a URL gives away, and taking it out.
//!
//! Owns: the two rules. A URL by which somebody is called loses its whole query string ([`strip`]); one that people put
//! among their own data loses what is named like a credential, and keeps the rest ([`clean`]).

use super::names::is_credential_parameter;
use std::borrow::Cow;

/// A URL's parts; put together they are the URL.
struct Parts<'a> {
    /// With `://`, or empty.
    scheme: &'a str,
    /// With `@`, or empty.
    user: &'a str,
    host_and_path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
        let authority =
            rest.get(..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())).unwrap_or_default();
        let (user, rest) = rest.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let (rest, fragment) = match rest.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (rest, None),
        };
        let (host_and_path, query) = match rest.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (rest, None),
        };
        Self { scheme, user, host_and_path, query, fragment }
    }
}

/// The URL without user information and query string, and without a fragment that looks like one.
pub(in crate::normalize) fn strip(url: &str) -> Cow<'_, str> {
    let Parts { scheme, user, host_and_path, query, fragment } = Parts::of(url);
    let kept = fragment.and_then(|fragment| fragment.split('?').next());
    let kept = kept.filter(|fragment| !fragment.contains('='));
    if user.is_empty() && query.is_none() && kept == fragment {
        return Cow::Borrowed(url);
    }
    let (mark, fragment) = kept.map_or(("", ""), |fragment| ("#", fragment));
    Cow::Owned(format!("{scheme}{host_and_path}{mark}{fragment}"))
}

/// The URL without user information and without the parameters that are named like credentials.
pub(super) fn clean(url: &str) -> Cow<'_, str> {
    let Parts { scheme, user, host_and_path, query, fragment } = Parts::of(url);
    let kept_query = query.map(harmless_pairs);
    let kept_fragment = fragment.map(|fragment| match fragment.split_once('?') {
        Some((head, pairs)) => match harmless_pairs(pairs) {
            Cow::Borrowed(_) => Cow::Borrowed(fragment),
            Cow::Owned(pairs) if pairs.is_empty() => Cow::Owned(head.to_owned()),
            Cow::Owned(pairs) => Cow::Owned(format!("{head}?{pairs}")),
        },
        None => harmless_pairs(fragment),
    });
    let is_as_before = |part: &Option<Cow<'_, str>>| !matches!(part, Some(Cow::Owned(_)));
    if user.is_empty() && is_as_before(&kept_query) && is_as_before(&kept_fragment) {
        return Cow::Borrowed(url);
    }
    let mut clean = format!("{scheme}{host_and_path}");
    for (mark, part) in [('?', kept_query), ('#', kept_fragment)] {
        if let Some(part) = part.filter(|part| matches!(part, Cow::Borrowed(_)) || !part.is_empty()) {
            clean.push(mark);
            clean.push_str(&part);
        }
    }
    Cow::Owned(clean)
}

/// The URL without user information.
pub(in crate::normalize) fn without_user(url: &str) -> Cow<'_, str> {
    let Parts { scheme, user, .. } = Parts::of(url);
    match url.get(scheme.len() + user.len()..) {
        Some(rest) if !user.is_empty() => Cow::Owned(format!("{scheme}{rest}")),
        _ => Cow::Borrowed(url),
    }
}

/// `a=1&token=2` without the pairs whose name is a credential's; borrowed when there are none.
fn harmless_pairs(pairs: &str) -> Cow<'_, str> {
    let is_harmless = |pair: &&str| {
        let pair = url::form_urlencoded::parse(pair.as_bytes()).next();
        pair.is_none_or(|(name, value)| value.is_empty() || !is_credential_parameter(&name))
    };
    let all = || pairs.split(['&', ';']);
    if all().all(|pair| is_harmless(&pair)) {
        return Cow::Borrowed(pairs);
    }
    Cow::Owned(all().filter(is_harmless).collect::<Vec<_>>().join("&"))
}

/// Whether a text begins as a URL does, whatever its scheme.
pub(super) fn is_url(text: &str) -> bool {
    let text = text.trim_start();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let length = text.bytes().take_while(|byte| is_part(byte)).count();
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.get(length..).is_some_and(|rest| rest.starts_with("://"))
}

/// Whether a text is a URL and nothing besides.
pub(super) fn is_url_alone(text: &str) -> bool {
    is_url(text) && !text.trim().contains(char::is_whitespace)
}
