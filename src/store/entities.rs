//! Rows, calls and attempts: what is new goes in by `COPY`, what is there by the upsert.

use super::StoreError;
use super::checkpoint::unsigned;
use super::copy::copy;
use super::lines::Line;
use super::statement::query_scalar;
use super::table::Target;
use crate::records::Time;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::HashSet;

/// Fewer lines than this are not worth the question which of them are there.
const WORTH_COPYING: usize = 25;

/// What became of the lines of an entity.
#[derive(Debug, Default)]
pub(super) struct Written<'l> {
    /// Lines that are new.
    pub(super) inserted: u64,
    /// Lines that were there, and differed.
    pub(super) updated: u64,
    /// The keys of lines that are certain to be new.
    pub(super) fresh: HashSet<&'l str>,
    /// The keys of lines that yield to what is there.
    pub(super) contested: HashSet<String>,
    /// Who owned lines until now that have gone to another owner.
    pub(super) former_owners: Vec<String>,
}

impl Written<'_> {
    pub(super) fn all(&self) -> u64 {
        self.inserted + self.updated
    }
}

/// Writes lines, given by their keys in order, each once.
///
/// A key that another transaction brings between the question and the `COPY`, or between the question and the
/// insertion of a line that yields to it, is a conflict, after which the
/// batch is tried again. Nothing deadlocks over it: keys are taken in order, new ones before those that are there.
pub(super) async fn write_entities<'l, R: Sync + 'l>(
    connection: &mut PgConnection,
    target: &Target<R>,
    lines: impl ExactSizeIterator<Item = (&'l str, Line<'l, R>)>,
    now: Time,
    doing: &'static str,
) -> Result<Written<'l>, StoreError> {
    let mut written = Written::default();
    if lines.len() == 0 {
        return Ok(written);
    }
    let worth_copying = lines.len() >= WORTH_COPYING;
    let (keys, lines): (Vec<&'l str>, Vec<Line<'l, R>>) = lines.unzip();
    let (new, known): (Vec<_>, Vec<_>) = if worth_copying {
        let existing: HashSet<String> = query_scalar(AssertSqlSafe(target.statements.existing.clone()))
            .bind(&keys)
            .fetch_all(&mut *connection)
            .await
            .map_err(StoreError::query(doing))?
            .into_iter()
            .collect();
        keys.into_iter().zip(lines).partition(|(key, _)| !existing.contains(*key))
    } else {
        (Vec::new(), keys.into_iter().zip(lines).collect())
    };
    let (new_keys, new): (HashSet<&'l str>, Vec<Line<'_, R>>) = new.into_iter().unzip();
    copy(connection, target, &new, now, doing).await?;
    written.inserted = u64::try_from(new.len()).unwrap_or(u64::MAX);
    written.fresh = new_keys;
    if !known.is_empty() {
        let known: Vec<Line<'_, R>> = known.into_iter().map(|(_, line)| line).collect();
        let row = target.upsert(&known, now).fetch_one(connection).await.map_err(StoreError::query(doing))?;
        let (inserted, updated) = (unsigned(row.get(0)), unsigned(row.get(1)));
        if unsigned(row.get(4)) < inserted + updated {
            return Err(StoreError::Conflict);
        }
        written.inserted += inserted;
        written.updated = updated;
        written.contested = row.get::<Option<Vec<String>>, _>(2).unwrap_or_default().into_iter().collect();
        written.former_owners = row.get::<Option<Vec<String>>, _>(3).unwrap_or_default();
    }
    Ok(written)
}
