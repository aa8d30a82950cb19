//! The keyed hashes by which unchanged rows and assistants are passed over.
//!
//! Owns: what of a row counts as its content: all its bytes, but of the assistant that its call repeats the id
//! alone, and of a recording's URL nothing behind the question mark, where its signature changes on every read.

use super::repair::repair;
use super::scan::{part, skip_space, string_end};
use super::values::read_id;
use super::{MAX_WORD_BYTES, Options, VERSION};
use crate::wire::{Index, Indexed, Object, RowsPage, read_string};
use memchr::{memchr, memmem};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

/// A keyed hash, 128 bits.
pub type Hash = [u8; 16];

/// The installation's secret key for hashes, bound to [`VERSION`] and [`Options`].
#[derive(Clone)]
pub struct Hasher {
    content_key: [u8; 32],
    id_key: [u8; 32],
}

impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hasher").finish_non_exhaustive()
    }
}

impl Hasher {
    /// Derives the hasher of this version and these options from the installation's random key.
    #[must_use]
    pub fn new(installation_key: &[u8; 32], options: &Options) -> Self {
        let Options { keep_llm_system_prompt, privacy, privacy_key, retention } = options;
        let mut content_key =
            blake3::Hasher::new_derive_key("revox-mirror 2026 content of rows and assistants");
        content_key.update(installation_key);
        content_key.update(&VERSION.to_le_bytes());
        content_key.update(&[u8::from(*keep_llm_system_prompt)]);
        // Nothing, as long as everything is kept.
        content_key.update(privacy.reading(privacy_key.as_ref()).as_bytes());
        content_key.update(retention.reading().as_bytes());
        Self {
            content_key: *content_key.finalize().as_bytes(),
            id_key: blake3::derive_key("revox-mirror 2026 ids of rows", installation_key),
        }
    }

    /// The hash of a row's id, by which the set of rows seen is kept (independent of version and options).
    #[must_use]
    pub fn row_id(&self, id: &str) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.id_key);
        hasher.update(id.as_bytes());
        shortened(&hasher)
    }

    fn content(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.content_key)
    }
}

fn shortened(hasher: &blake3::Hasher) -> Hash {
    let mut hash = Hash::default();
    hasher.finalize_xof().fill(&mut hash);
    hash
}

/// One row of a page, hashed but not parsed.
#[derive(Debug, Clone)]
pub struct RowView {
    /// Its id; `None` when there is none that can be read and be a key.
    pub id: Option<String>,
    /// Over the row's bytes without `call.assistant` (whose id counts) and without the query string of any
    /// `recording_url`.
    pub hash: Hash,
    /// The status of its call: `None` without a call, empty when there is one without a status that can be read.
    pub status: Option<String>,
    /// Where its JSON stands in the page's body.
    pub span: Range<usize>,
    /// Where its objects and lists end.
    pub index: Index,
}

/// An assistant as a call shows it: one for each distinct text on a page.
#[derive(Debug, Clone)]
pub struct AssistantView {
    /// Over its text.
    pub hash: Hash,
    /// Its id, when one can be read and be a key.
    pub id: Option<String>,
    /// Where its JSON first stands in the page's body.
    pub span: Range<usize>,
}

/// A page whose rows are hashed.
#[derive(Debug, Clone)]
pub struct PageView {
    /// The page.
    pub page: RowsPage,
    /// Its rows, in order.
    pub rows: Vec<RowView>,
    /// The distinct assistants its calls show, in order of appearance.
    pub assistants: Vec<AssistantView>,
}

impl PageView {
    /// Hashes every row of a page. Never fails: a row of an unexpected shape is hashed whole.
    #[must_use]
    pub fn new(mut page: RowsPage, hasher: &Hasher) -> Self {
        let body = simdutf8::basic::from_utf8(&page.body).unwrap_or_default();
        let mut assistants = Assistants::default();
        let mut content = Vec::new();
        let indexes = std::mem::take(&mut page.indexes).into_iter().map(Some);
        let indexes = indexes.chain(std::iter::repeat_with(|| None));
        let rows = page.rows.iter().zip(indexes).map(|(span, index)| {
            let json = part(body, span.clone());
            let index = index.unwrap_or_else(|| Index::of(json));
            let outline = Outline::read(json, &index);
            let assistant = outline.call.assistant.and_then(|assistant| {
                let start = assistant.as_ptr().addr().saturating_sub(json.as_ptr().addr());
                let id =
                    assistants.see(body, span.start + start..span.start + start + assistant.len(), hasher)?;
                Some((start..start + assistant.len(), id))
            });
            let hash = hash_row(json, assistant, hasher, &mut content);
            let (id, status) = (outline.id, outline.call.status);
            RowView { id, hash, status, span: span.clone(), index }
        });
        let rows = rows.collect();
        Self { rows, assistants: assistants.views, page }
    }
}

/// The distinct assistants seen so far.
#[derive(Default)]
struct Assistants {
    views: Vec<AssistantView>,
    by_hash: HashMap<Hash, usize>,
    last: usize,
}

impl Assistants {
    /// Notes the assistant whose text stands at `span`, and tells its id.
    fn see(&mut self, body: &str, span: Range<usize>, hasher: &Hasher) -> Option<&str> {
        let json = part(body, span.clone());
        let is_last = self.views.get(self.last).is_some_and(|view| part(body, view.span.clone()) == json);
        if !is_last {
            let mut content = hasher.content();
            content.update(json.as_bytes());
            let hash = shortened(&content);
            self.last = *self.by_hash.entry(hash).or_insert_with(|| {
                self.views.push(AssistantView { hash, id: id_of(json), span });
                self.views.len() - 1
            });
        }
        self.views.get(self.last)?.id.as_deref()
    }
}

/// The hash of a row, its assistant's text replaced by the assistant's id. What counts is gathered in `content` first: of one
/// piece the hash takes sixteen kilobytes at once, of many small ones sixty-four bytes.
fn hash_row(
    json: &str,
    assistant: Option<(Range<usize>, &str)>,
    hasher: &Hasher,
    content: &mut Vec<u8>,
) -> Hash {
    content.clear();
    match assistant {
        Some((span, id)) => {
            take_without_signatures(part(json, 0..span.start), content);
            // No JSON text holds a zero byte, so that nothing else hashes like this.
            content.push(0);
            content.extend_from_slice(id.as_bytes());
            content.push(0);
            take_without_signatures(part(json, span.end..json.len()), content);
        }
        None => take_without_signatures(json, content),
    }
    shortened(hasher.content().update(content))
}

/// Takes the text without what stands behind the question mark in the value of any `recording_url`.
fn take_without_signatures(json: &str, content: &mut Vec<u8>) {
    const KEY: &str = "\"recording_url\"";
    static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(KEY));
    let bytes = json.as_bytes();
    let mut taken = 0;
    for at in FINDER.find_iter(bytes) {
        // Where a backslash stands before it, the quote is part of a longer key.
        if at < taken || at > 0 && bytes.get(at - 1) == Some(&b'\\') {
            continue;
        }
        let colon = skip_space(json, at + KEY.len());
        let open = skip_space(json, colon + 1);
        if bytes.get(colon) != Some(&b':') || bytes.get(open) != Some(&b'"') {
            continue;
        }
        let close = string_end(json, open).saturating_sub(1);
        if let Some(question) = memchr(b'?', part(json, open..close).as_bytes()) {
            content.extend_from_slice(part(json, taken..open + question + 1).as_bytes());
            taken = close;
        }
    }
    content.extend_from_slice(part(json, taken..json.len()).as_bytes());
}

/// What of a row is of interest before it is parsed.
#[derive(Default)]
struct Outline<'a> {
    id: Option<String>,
    call: CallOutline<'a>,
}

/// The same of its call; nothing without one.
#[derive(Default)]
struct CallOutline<'a> {
    status: Option<String>,
    assistant: Option<&'a str>,
}

impl<'a> Outline<'a> {
    /// Finds the id, the status and the assistant; in a row of an unexpected shape, the id at most.
    fn read(json: &'a str, index: &'a Index) -> Self {
        Self::of_usual(json, index).unwrap_or_else(|| Self {
            id: id_of(json),
            call: CallOutline { status: Some(String::new()), assistant: None },
        })
    }

    fn of_usual(json: &'a str, index: &'a Index) -> Option<Self> {
        let row = Indexed::new(json, index);
        let [id, call] = row.pick(json, ["id", "call"])?;
        let id = id.and_then(|id| read_id(id).ok());
        let call = match call {
            None | Some("null") => CallOutline::default(),
            Some(call) => CallOutline::of(row.pick(call, ["status", "assistant"])?),
        };
        Some(Self { id, call })
    }
}

impl<'a> CallOutline<'a> {
    fn of([status, assistant]: [Option<&'a str>; 2]) -> Self {
        let status = status.and_then(read_string);
        let status = status.filter(|status| status.len() <= MAX_WORD_BYTES && !status.contains('\0'));
        Self {
            status: Some(status.map_or_else(String::new, Cow::into_owned)),
            assistant: assistant.filter(|json| *json != "null"),
        }
    }
}

/// The id of an object, when it can be a key.
fn id_of(json: &str) -> Option<String> {
    Object::read(&repair(json).0).and_then(|mut object| read_id(object.take("id")?).ok())
}

#[cfg(test)]
mod tests;
