//! Full text over what was said: which transcripts are to be read (again), and reading them into
//! `revox.transcript_words`, a few at a time, each time in a short transaction under a lease of its own.
//!
//! Owns the statements. In which order they are made is said in `fulltext`.

use super::StoreError;
use super::checkpoint::unsigned;
use super::lease::Lease;
use super::open::{Store, commit, until_it_commits};
use super::statement::{query, query_as, query_scalar};
use crate::records::Time;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use std::collections::BTreeMap;

/// In which language what was said is read: names of text search configurations, as Postgres writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Languages {
    /// That of campaigns that have none of their own.
    pub default: String,
    /// Those of campaigns, by id.
    pub campaigns: BTreeMap<String, String>,
}

/// How the full text stands.
#[derive(Debug, FromRow)]
pub struct FulltextState {
    languages: Option<Json<Languages>>,
    /// Whether there are attempts that were written since they were last read.
    pub has_marks: bool,
    /// Whether any words are there at all.
    pub has_words: bool,
}

impl FulltextState {
    /// The languages that every line but those of marked attempts was read in; none: it was off.
    #[must_use]
    pub fn languages(&self) -> Option<&Languages> {
        self.languages.as_ref().map(|it| &it.0)
    }
}

/// What reading transcripts did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexCounts {
    /// Transcripts that were read.
    pub read: u64,
    /// Those among them that cannot be found whole.
    pub cut: u64,
}

impl Store {
    /// What each name of a text search configuration stands for, as Postgres writes it; none: there is no such one.
    /// Schemas are searched as usual for a name without one.
    pub async fn resolve_languages(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Option<String>>, StoreError> {
        let mut transaction = self.begin().await?;
        let found: Vec<(String, Option<String>)> = query_as(
            "select i.name, min(
                        case when n.nspname = 'pg_catalog' then '' else quote_ident(n.nspname) || '.' end
                        || quote_ident(c.cfgname)
                    )
             from unnest($1::text[]) as i (name)
             left join (pg_ts_config c join pg_namespace n on n.oid = c.cfgnamespace)
             on c.cfgname = i.name and pg_ts_config_is_visible(c.oid)
                or n.nspname || '.' || c.cfgname = i.name
             group by i.name",
        )
        .bind(names)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for the languages of the search"))?;
        Ok(found.into_iter().collect())
    }

    /// The text search configurations that go by their name alone.
    pub async fn known_languages(&self) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar("select cfgname::text from pg_ts_config where pg_ts_config_is_visible(oid) order by 1")
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query("looking for the languages of the search"))
    }

    /// Whether there is anything to do: one cheap statement. None before the first pass.
    pub async fn fulltext_state(&self) -> Result<Option<FulltextState>, StoreError> {
        let mut transaction = self.begin().await?;
        query_as(
            "select i.search_languages as languages,
                    exists (select from revox_sync.search_marks) as has_marks,
                    exists (select from revox.transcript_words) as has_words
             from revox_sync.installation i
             where i.id = 1",
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for transcripts to be read"))
    }

    /// Has every transcript looked at, since these are the languages from now on.
    pub async fn mark_all_transcripts(&self, lease: &Lease, languages: &Languages) -> Result<(), StoreError> {
        let doing = "marking every transcript";
        let mut transaction = self.begin().await?;
        query(
            "insert into revox_sync.search_marks (synced_at)
             select distinct _synced_at from revox.call_attempts order by 1",
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        query("update revox_sync.installation set search_languages = $1 where id = 1")
            .bind(Json(languages))
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// The oldest marks, with the times at which the marked attempts were written.
    pub async fn oldest_marks(&self, most: i64) -> Result<Vec<(i64, Time)>, StoreError> {
        let mut transaction = self.begin().await?;
        query_as("select id, synced_at from revox_sync.search_marks order by id limit $1")
            .bind(most)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::query("looking for transcripts to be read"))
    }

    /// Attempts that were last written at a time, in the order of their ids, from behind one.
    pub async fn attempts_written_at(
        &self,
        synced_at: Time,
        behind: &str,
        most: i64,
    ) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        query_scalar(
            "select id from revox.call_attempts where _synced_at = $1 and id > $2 order by id limit $3",
        )
        .bind(synced_at)
        .bind(behind)
        .bind(most)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for transcripts to be read"))
    }

    /// Reads the transcripts of attempts, each from its first `most_characters`.
    pub async fn index_transcripts(
        &self,
        lease: &Lease,
        attempt_ids: &[String],
        languages: &Languages,
        most_characters: i32,
    ) -> Result<IndexCounts, StoreError> {
        let (campaigns, own): (Vec<&str>, Vec<&str>) =
            languages.campaigns.iter().map(|(id, language)| (id.as_str(), language.as_str())).unzip();
        until_it_commits(async || {
            // What is lost is marked still, or again: the marks go with a commit that waits for the disk.
            let mut transaction = self.begin_repeatable().await?;
            let row = query(include_str!("index_transcripts.sql"))
                .bind(attempt_ids)
                .bind(&languages.default)
                .bind(&campaigns)
                .bind(&own)
                .bind(most_characters)
                .fetch_one(&mut *transaction)
                .await
                .map_err(StoreError::query("reading transcripts for the search"))?;
            lease.renew(&mut transaction).await?;
            commit(transaction).await?;
            Ok(IndexCounts { read: unsigned(row.get(0)), cut: unsigned(row.get(1)) })
        })
        .await
    }

    /// Takes marks away whose attempts were read.
    pub async fn forget_marks(&self, lease: &Lease, ids: &[i64]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query("delete from revox_sync.search_marks where id = any($1)")
            .bind(ids)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query("taking marks of the search away"))?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Forgets words, and that any were read; returns how many lines went: fewer than `most` when none is left.
    pub async fn forget_words(&self, lease: &Lease, most: i64) -> Result<u64, StoreError> {
        let doing = "emptying the search";
        let mut transaction = self.begin().await?;
        // First, so that what is left of an emptying that is broken off is never taken for up to date.
        query("update revox_sync.installation set search_languages = null where id = 1 and search_languages is not null")
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::query(doing))?;
        let mut gone = 0;
        for statement in [
            "delete from revox_sync.search_marks
             where id in (select id from revox_sync.search_marks order by id limit $1)",
            "delete from revox.transcript_words
             where call_attempt_id in (select call_attempt_id from revox.transcript_words limit $1)",
        ] {
            let removed = query(statement).bind(most).execute(&mut *transaction).await;
            gone += removed.map_err(StoreError::query(doing))?.rows_affected();
        }
        lease.renew(&mut transaction).await?;
        commit(transaction).await?;
        Ok(gone)
    }
}
