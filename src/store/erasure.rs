//! Erasing people: what is remembered of it, where they stand in the tables, and their removal.
//!
//! What is erased is remembered first, in a transaction that waits for the batches under way; none that was read before
//! is committed after it. So what the removal does not find cannot come back behind it, and it may take its time.

use super::StoreError;
use super::open::{Store, commit, until_it_commits};
use super::removal::{Removed, remove};
use super::statement::{query, query_as, query_scalar};
use crate::normalize::{ErasedKind, ErasedRow, Hash};
use crate::records::Time;
use std::collections::{BTreeSet, HashSet};

/// What was erased so far, as it is remembered.
#[derive(Debug, Clone, Default)]
pub struct Erasures {
    /// How often something was erased.
    pub count: i64,
    /// The check of the key that made the hashes; none before the first erasure.
    pub key_check: Option<Hash>,
    /// What was erased.
    pub hashes: HashSet<Hash>,
}

/// What of the mirror's lines is somebody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Lines of `revox.campaign_rows`.
    pub rows: BTreeSet<String>,
    /// Lines of `revox.calls`.
    pub calls: BTreeSet<String>,
    /// Lines of `revox.call_attempts`.
    pub attempts: BTreeSet<String>,
}

/// Lines that are looked at, or ids that are worked on, at once.
const AT_ONCE: i64 = 10_000;
const IDS_AT_ONCE: usize = 500;

/// A reject's key and its payload.
type Payload = (String, String, String, Vec<u8>, Option<String>);

/// Where phone numbers stand: two columns of a key, the call beside, the number.
const NUMBERS: [(Place, &str); 4] = [
    (
        Place::Row,
        "select id, '', call_id, phone_number
         from revox.campaign_rows
         where id > $1 and $2 = ''
         order by id
         limit $3",
    ),
    (
        Place::Call,
        "select id, case when direction = 'inbound' then coalesce(from_phone_number, '') else '' end, id, to_phone_number
         from revox.calls
         where id > $1 and $2 = ''
         order by id
         limit $3",
    ),
    (
        Place::Attempt,
        "select id, '', call_id, phone_number
         from revox.call_attempts
         where id > $1 and $2 = ''
         order by id
         limit $3",
    ),
    (
        Place::Message,
        "select m.call_attempt_id, m.id, a.call_id, m.to_phone_number
         from revox.sms_messages m
         join revox.call_attempts a on a.id = m.call_attempt_id
         where (m.call_attempt_id, m.id) > ($1, $2)
         order by m.call_attempt_id, m.id
         limit $3",
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Row,
    Call,
    Attempt,
    Message,
}

impl Belongings {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.calls.is_empty() && self.attempts.is_empty()
    }

    /// Those of rows that a page showed.
    pub(super) fn of(rows: &[ErasedRow]) -> Self {
        Self {
            rows: rows.iter().filter_map(|row| row.row_id.clone()).collect(),
            calls: rows.iter().filter_map(|row| row.call_id.clone()).collect(),
            attempts: rows.iter().flat_map(|row| row.attempt_ids.clone()).collect(),
        }
    }

    /// A part of them after the other, so that no statement works on too many at once.
    fn parts(&self) -> Vec<Self> {
        fn chunks(ids: &BTreeSet<String>) -> Vec<BTreeSet<String>> {
            let ids: Vec<&String> = ids.iter().collect();
            ids.chunks(IDS_AT_ONCE).map(|part| part.iter().map(|id| (*id).clone()).collect()).collect()
        }
        let rows = chunks(&self.rows).into_iter().map(|rows| Self { rows, ..Self::default() });
        let calls = chunks(&self.calls).into_iter().map(|calls| Self { calls, ..Self::default() });
        let attempts =
            chunks(&self.attempts).into_iter().map(|attempts| Self { attempts, ..Self::default() });
        // Calls last: the others refer to them.
        rows.chain(attempts).chain(calls).collect()
    }
}

impl Store {
    /// What was erased so far.
    pub async fn load_erasures(&self) -> Result<Erasures, StoreError> {
        let doing = "reading what was erased";
        let mut transaction = self.begin().await?;
        let found: Option<(i64, Option<Vec<u8>>)> =
            query_as("select count, key_check from revox_sync.erasures where id = 1")
                .fetch_optional(&mut *transaction)
                .await
                .map_err(StoreError::query(doing))?;
        let Some((count, key_check)) = found.filter(|(count, _)| *count > 0) else {
            return Ok(Erasures::default());
        };
        let hashes: Vec<Vec<u8>> = query_scalar("select hash from revox_sync.erased")
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        let hash = |bytes: Vec<u8>| Hash::try_from(bytes).ok();
        Ok(Erasures {
            count,
            key_check: key_check.and_then(hash),
            hashes: hashes.into_iter().filter_map(hash).collect(),
        })
    }

    /// Remembers what is erased, once every batch under way has ended. `key_check` is that of the key of the hashes.
    pub async fn remember_erased(
        &self,
        key_check: &Hash,
        erased: &[(ErasedKind, Hash)],
        now: Time,
    ) -> Result<(), StoreError> {
        until_it_commits(|| self.try_to_remember_erased(key_check, erased, now)).await
    }

    async fn try_to_remember_erased(
        &self,
        key_check: &Hash,
        erased: &[(ErasedKind, Hash)],
        now: Time,
    ) -> Result<(), StoreError> {
        let doing = "remembering what is erased";
        let mut transaction = self.begin().await?;
        let counted = query(
            "update revox_sync.erasures
             set count = count + 1, key_check = coalesce(key_check, $1)
             where id = 1 and (key_check is null or key_check = $1)",
        )
        .bind(key_check.as_slice())
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        if counted.rows_affected() == 0 {
            return Err(StoreError::OtherPrivacyKey);
        }
        query(
            "insert into revox_sync.erased (kind, hash, erased_at)
             select i.kind, i.hash, $3
             from unnest($1::text[], $2::bytea[]) as i(kind, hash)
             on conflict (kind, hash) do nothing",
        )
        .bind(erased.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>())
        .bind(erased.iter().map(|(_, hash)| hash.as_slice()).collect::<Vec<_>>())
        .bind(now)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        commit(transaction).await
    }

    /// What belongs to the people whose numbers, as they stand in the tables, `is_theirs` knows (without it no number
    /// is looked at), and to these calls. A row belongs to whoever its call does, and a call to whoever a row does that shows it.
    pub async fn find_belongings(
        &self,
        is_theirs: Option<impl Fn(&str) -> bool>,
        calls: &[String],
    ) -> Result<Belongings, StoreError> {
        let doing = "looking for what belongs to somebody";
        let mut found = Belongings { calls: calls.iter().cloned().collect(), ..Belongings::default() };
        if let Some(is_theirs) = is_theirs {
            for (place, statement) in NUMBERS {
                self.find_numbers(place, statement, &is_theirs, &mut found).await?;
            }
        }
        let calls: Vec<&String> = found.calls.iter().collect();
        let mut transaction = self.begin().await?;
        for (ids, statement) in [
            (&mut found.rows, "select id from revox.campaign_rows where call_id = any($1)"),
            (&mut found.attempts, "select id from revox.call_attempts where call_id = any($1)"),
        ] {
            let more: Vec<String> = query_scalar(statement)
                .bind(&calls)
                .fetch_all(&mut *transaction)
                .await
                .map_err(StoreError::query(doing))?;
            ids.extend(more);
        }
        Ok(found)
    }

    /// Reads the numbers of one place, a part at a time.
    async fn find_numbers(
        &self,
        place: Place,
        statement: &'static str,
        is_theirs: impl Fn(&str) -> bool,
        found: &mut Belongings,
    ) -> Result<(), StoreError> {
        let mut after = (String::new(), String::new());
        loop {
            let mut transaction = self.begin().await?;
            let lines: Vec<(String, String, Option<String>, Option<String>)> = query_as(statement)
                .bind(&after.0)
                .bind(&after.1)
                .bind(AT_ONCE)
                .fetch_all(&mut *transaction)
                .await
                .map_err(StoreError::query("looking for a number"))?;
            let Some((first, second, ..)) = lines.last() else { return Ok(()) };
            after = (first.clone(), if place == Place::Message { second.clone() } else { String::new() });
            for (id, other, call, number) in lines {
                let caller = (place == Place::Call && !other.is_empty()).then_some(other);
                if !number.iter().chain(&caller).any(|number| is_theirs(number)) {
                    continue;
                }
                found.calls.extend(call);
                match place {
                    Place::Row => found.rows.insert(id),
                    Place::Attempt | Place::Message => found.attempts.insert(id),
                    Place::Call => false,
                };
            }
        }
    }

    /// Removes what belongs to somebody, and the rejects whose payload `mentions` them. With `dry_run` nothing stays
    /// removed, and the counts are what they would be.
    pub async fn remove_belongings(
        &self,
        belongings: &Belongings,
        mentions: impl Fn(&str) -> bool,
        dry_run: bool,
    ) -> Result<Removed, StoreError> {
        let parts = belongings.parts();
        let mut removed = Removed::new();
        if dry_run {
            // Never committed.
            let mut transaction = self.begin().await?;
            for part in &parts {
                add(&mut removed, remove(&mut transaction, part).await?);
            }
        } else {
            for part in &parts {
                let one = until_it_commits(async || {
                    let mut transaction = self.begin().await?;
                    let removed = remove(&mut transaction, part).await?;
                    commit(transaction).await?;
                    Ok(removed)
                });
                add(&mut removed, one.await?);
            }
        }
        add(
            &mut removed,
            [("revox_sync.rejects", self.remove_rejects(belongings, mentions, dry_run).await?)].into(),
        );
        Ok(removed)
    }

    /// Removes rejects whose payload mentions somebody.
    async fn remove_rejects(
        &self,
        belongings: &Belongings,
        mentions: impl Fn(&str) -> bool,
        dry_run: bool,
    ) -> Result<u64, StoreError> {
        const PAYLOADS_AT_ONCE: i64 = 200;
        let doing = "looking for rejects that mention somebody";
        let mut after = (String::new(), String::new(), String::new(), Vec::new());
        let mut count = 0;
        loop {
            let mut transaction = self.begin().await?;
            let rejects: Vec<Payload> = query_as(
                "select campaign_id, row_key, path, payload_hash, payload
                 from revox_sync.rejects
                 where (campaign_id, row_key, path, payload_hash) > ($1, $2, $3, $4)
                 order by campaign_id, row_key, path, payload_hash
                 limit $5",
            )
            .bind(&after.0)
            .bind(&after.1)
            .bind(&after.2)
            .bind(&after.3)
            .bind(PAYLOADS_AT_ONCE)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
            let Some((campaign, row, path, hash, _)) = rejects.last() else { return Ok(count) };
            after = (campaign.clone(), row.clone(), path.clone(), hash.clone());
            for (campaign, row, path, hash, payload) in rejects {
                // Those of the rows themselves have gone before, or are counted already.
                if belongings.rows.contains(&row) || !payload.is_some_and(|payload| mentions(&payload)) {
                    continue;
                }
                count += 1;
                query(
                    "delete from revox_sync.rejects
                     where campaign_id = $1 and row_key = $2 and path = $3 and payload_hash = $4",
                )
                .bind(campaign)
                .bind(row)
                .bind(path)
                .bind(hash)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::query(doing))?;
            }
            if !dry_run {
                commit(transaction).await?;
            }
        }
    }
}

fn add(removed: &mut Removed, more: Removed) {
    for (table, lines) in more {
        *removed.entry(table).or_default() += lines;
    }
}
