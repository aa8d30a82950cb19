//! What comes up on the way: rejects, drift, and the retry configurations that are shared.
//!
//! Owns: where in the answer something stood, and how that is written. Costs nothing as long as nothing comes up.

use super::drift::{Sighting, unknown_value};
use super::{DriftCounts, secrets};
use crate::records::{CallRetryConfig, Drift, Reject};
use std::fmt;
use std::sync::Arc;

/// A key that is longer is cut: what is unknown may be anything.
const MAX_KEY_CHARACTERS: usize = 100;

/// Where something stands, as links from the inside out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    /// The outermost object.
    Root,
    /// A member of an object.
    Field(&'p Path<'p>, &'p str),
    /// An item of a list that is a member of an object.
    Item(&'p Path<'p>, &'p str, usize),
}

impl Path<'_> {
    /// The path with the index of every item: `call.call_attempts[3]`.
    fn exact(&self) -> String {
        Written { path: self, with_index: true }.to_string()
    }

    /// The path that all items of a list share: `call.call_attempts[]`.
    fn general(&self) -> String {
        Written { path: self, with_index: false }.to_string()
    }
}

struct Written<'p> {
    path: &'p Path<'p>,
    with_index: bool,
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, key) = match self.path {
            Path::Root => return Ok(()),
            Path::Field(parent, key) | Path::Item(parent, key, _) => (parent, key),
        };
        if !matches!(parent, Path::Root) {
            write!(formatter, "{}.", Written { path: parent, with_index: self.with_index })?;
        }
        match key.char_indices().nth(MAX_KEY_CHARACTERS) {
            Some((end, _)) => write!(formatter, "{}…", key.get(..end).unwrap_or_default())?,
            None => formatter.write_str(key)?,
        }
        match self.path {
            Path::Item(_, _, index) if self.with_index => write!(formatter, "[{index}]"),
            Path::Item(..) => formatter.write_str("[]"),
            Path::Root | Path::Field(..) => Ok(()),
        }
    }
}

/// What came up while one row, assistant or campaign was read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The key of the row, for rejects; empty when the caller knows it.
    pub(super) row_key: String,
    /// What drift paths start with: nothing for a row, `assistant`, `campaign`.
    drift_root: &'static str,
    pub(super) rejects: Vec<Reject>,
    pub(super) call_retry_configs: Vec<Arc<CallRetryConfig>>,
    drift: DriftCounts,
    /// How often anything came up.
    pub(super) noted: u64,
}

impl Notes {
    /// Notes on a row.
    pub(super) fn on_row(row_key: String) -> Self {
        Self { row_key, ..Self::default() }
    }

    /// Notes on something else, whose name drift paths start with.
    pub(super) fn on(drift_root: &'static str) -> Self {
        Self { drift_root, ..Self::default() }
    }

    /// A piece that cannot land; its JSON may hold secrets.
    pub(super) fn reject(&mut self, path: &Path<'_>, reason: impl Into<String>, json: &str) {
        self.noted += 1;
        let reject = self.make_reject(path, reason.into(), json);
        self.rejects.push(reject);
    }

    /// The reject of all that was read, which makes what came up on the way unimportant.
    pub(super) fn into_reject(self, path: &Path<'_>, reason: String, json: &str) -> Reject {
        self.make_reject(path, reason, json)
    }

    fn make_reject(&self, path: &Path<'_>, reason: String, json: &str) -> Reject {
        Reject { row_key: self.row_key.clone(), path: path.exact(), reason, payload: secrets::scrub(json) }
    }

    /// Something that the mirror does not know.
    pub(super) fn drift(&mut self, path: &Path<'_>, kind: String) {
        self.noted += 1;
        let path = path.general();
        let path = match (self.drift_root, path.as_str()) {
            ("", _) => path,
            (root, "") => root.to_owned(),
            (root, path) => format!("{root}.{path}"),
        };
        self.drift.add(Drift { path, kind }, Sighting { count: 1, ..Sighting::default() });
    }

    /// A text that should be one of a few; one that cannot be read is none of them.
    pub(super) fn value(&mut self, path: &Path<'_>, text: Option<&str>, known: &[&str]) {
        let text = text.unwrap_or_default();
        if !known.contains(&text) {
            self.drift(path, unknown_value(text));
        }
    }

    /// A configuration that something refers to; equal ones are one.
    pub(super) fn share(&mut self, config: Arc<CallRetryConfig>) {
        if !self.call_retry_configs.iter().any(|known| known.id == config.id) {
            self.call_retry_configs.push(config);
        }
    }

    /// Adds the drift to what was counted before. `id`: of what was read.
    pub(super) fn count_drift(&mut self, id: &str, counts: &mut DriftCounts) {
        counts.append_seen_in(id, std::mem::take(&mut self.drift));
    }
}
