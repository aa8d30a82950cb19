//! Lists that are replaced with their owner: what was read whole removes what it does not hold.

use super::StoreError;
use super::copy::copy;
use super::lines::{Line, own};
use super::table::{Kind, Table, Target};
use crate::records::{Listed, Time};
use sqlx::{PgConnection, Row};
use std::collections::HashSet;

/// The second half of a part's key, for parts that have an id of their own.
pub(super) trait PartId {
    /// The id within the owner; none for parts that are told apart by their place.
    fn part_id(&self) -> Option<&str> {
        None
    }
}

impl PartId for crate::records::StructuredOutputField {}
impl PartId for crate::records::FaqItem {}
impl PartId for crate::records::TranscriptTurn {}
impl PartId for crate::records::SpeechEvent {
    fn part_id(&self) -> Option<&str> {
        Some(&self.id)
    }
}
impl PartId for crate::records::SmsMessage {
    fn part_id(&self) -> Option<&str> {
        Some(&self.id)
    }
}
impl PartId for crate::records::EmailMessage {
    fn part_id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

/// Lists by the id of their owner, each given once.
pub(super) type Lists<'l, R> = [(&'l str, &'l Listed<R>)];

/// Writes the lists of many owners over what is there; adds those whose lists have changed to `changed`.
pub(super) async fn write_lists<R: PartId + Default + PartialEq + Sync>(
    connection: &mut PgConnection,
    target: &Target<R>,
    lists: &Lists<'_, R>,
    now: Time,
    changed: &mut HashSet<String>,
) -> Result<(), StoreError> {
    changed.extend(remove_surplus(connection, &target.table, lists).await?);
    let lines = lines_of(lists);
    if lines.is_empty() {
        return Ok(());
    }
    let row = target.upsert(&lines, now).fetch_one(connection).await.map_err(StoreError::query(WRITING))?;
    changed.extend(row.get::<Option<Vec<String>>, _>(5).unwrap_or_default());
    Ok(())
}

/// The content of owners includes their lists: when it changes, their `_synced_at` says so.
pub(super) async fn touch_owners<R>(
    connection: &mut PgConnection,
    owners: &Target<R>,
    changed: HashSet<String>,
    now: Time,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut changed: Vec<String> = changed.into_iter().collect();
    changed.sort();
    own(&owners.statements.touch)
        .bind(changed)
        .bind(now)
        .execute(connection)
        .await
        .map_err(StoreError::query("noting that lists have changed"))?;
    Ok(())
}

/// Writes the lists of owners that are new in this transaction, so that nothing can be there.
pub(super) async fn copy_lists<R: PartId + Default + PartialEq>(
    connection: &mut PgConnection,
    target: &Target<R>,
    lists: &Lists<'_, R>,
    now: Time,
) -> Result<(), StoreError> {
    copy(connection, target, &lines_of(lists), now, WRITING).await
}

/// Removes what stands where the lists of new owners are to go.
pub(super) async fn clear_lists<R: PartId>(
    connection: &mut PgConnection,
    target: &Target<R>,
    lists: &Lists<'_, R>,
) -> Result<(), StoreError> {
    let owners: Vec<&str> = lists.iter().map(|(owner, _)| *owner).collect();
    let Some(owner) = target.table.columns.first() else { return Ok(()) };
    own(&format!("delete from {} where {} = any($1)", target.table.name, owner.name))
        .bind(owners)
        .execute(connection)
        .await
        .map_err(StoreError::query("removing parts that were left behind"))?;
    Ok(())
}

const WRITING: &str = "writing the parts of a batch";

/// The lines of lists.
pub(super) fn lines_of<'l, R: PartId + Default + PartialEq>(lists: &Lists<'l, R>) -> Vec<Line<'l, R>> {
    let mut lines: Vec<Line<'_, R>> = Vec::new();
    for (owner, list) in lists {
        let mut ids: HashSet<&str> = HashSet::new();
        let first_line = lines.len();
        // An item that could not be read leaves an empty one in its place, which is no news of what stands there.
        let blank = (!list.is_whole()).then(R::default);
        // A list may hold an id twice; the last one counts, and none may stand in one statement twice.
        for (index, record) in list.items().iter().enumerate().rev() {
            let index = i32::try_from(index).unwrap_or(i32::MAX);
            if record.part_id().is_none_or(|id| ids.insert(id)) && Some(record) != blank.as_ref() {
                lines.push(Line { owner, index, record });
            }
        }
        if let Some(own_lines) = lines.get_mut(first_line..) {
            own_lines.reverse();
        }
    }
    lines
}

/// Deletes what lists that were read whole do not hold; returns whose lists have lost something.
async fn remove_surplus<R: PartId>(
    connection: &mut PgConnection,
    table: &Table,
    lists: &Lists<'_, R>,
) -> Result<Vec<String>, StoreError> {
    let whole: Vec<_> = lists.iter().filter(|(_, list)| list.is_whole()).collect();
    if whole.is_empty() {
        return Ok(Vec::new());
    }
    let owners: Vec<&str> = whole.iter().map(|(owner, _)| *owner).collect();
    let name = table.name;
    let [owner, key, ..] = table.columns else {
        return Ok(Vec::new());
    };
    let (owner, by_place, key) = (owner.name, key.kind == Kind::Index, key.name);
    let removal = if by_place {
        let counts: Vec<i32> =
            whole.iter().map(|(_, list)| i32::try_from(list.items().len()).unwrap_or(i32::MAX)).collect();
        let statement = format!(
            "delete from {name} t using unnest($1::text[], $2::integer[]) as i(owner, kept)
             where t.{owner} = i.owner and t.{key} >= i.kept
             returning t.{owner}"
        );
        own(&statement).bind(owners).bind(counts).fetch_all(connection).await
    } else {
        let kept: Vec<String> = whole
            .iter()
            .flat_map(|(owner, list)| {
                list.items().iter().filter_map(move |item| Some(format!("{owner} {}", item.part_id()?)))
            })
            .collect();
        let statement = format!(
            "delete from {name} t where t.{owner} = any($1) and t.{owner} || ' ' || t.{key} <> all($2)
             returning t.{owner}"
        );
        own(&statement).bind(owners).bind(kept).fetch_all(connection).await
    };
    let removed = removal.map_err(StoreError::query("removing the parts that are gone"))?;
    Ok(removed.iter().map(|row| row.get(0)).collect())
}
