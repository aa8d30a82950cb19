//! A simulator, a database of its own, and a mirror between them.

use super::database::TestDatabase;
use revox_mirror::api::{Client, ClientOptions};
use revox_mirror::clock::Clock;
use revox_mirror::normalize::{self, PhoneNumbers};
use revox_mirror::observe::Silent;
use revox_mirror::plan::Outcome;
use revox_mirror::simulator::{Options, Simulator};
use revox_mirror::store::{Store, StoreOptions};
use revox_mirror::sync::{Mirror, PassOptions, PassReport, SyncError, SyncSettings, Walks, run_pass};
use revox_mirror::verify::{LeftOut, NumberForm, Report, Subject, verify};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// All that a test of the mirror needs.
pub(crate) struct Account {
    pub(crate) simulator: Simulator,
    pub(crate) mirror: Mirror,
    /// For looking into the tables.
    pub(crate) pool: PgPool,
    pub(crate) database: TestDatabase,
    /// The content of the operator's key file, once the test has one.
    pub(crate) privacy_key: Option<[u8; 32]>,
}

/// A client that tries again without long pauses.
pub(crate) fn client_options(simulator: &Simulator, key: &str) -> ClientOptions {
    ClientOptions {
        base_url: simulator.base_url(),
        api_key: key.to_owned().into(),
        max_concurrent_requests: 8,
        requests_per_second: None,
        connect_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_mins(1),
        max_tries: 5,
        retry_budget: Duration::from_secs(30),
        backoff_base: Duration::from_millis(2),
        max_answer_bytes: 512 << 20,
    }
}

pub(crate) fn sync_settings() -> SyncSettings {
    SyncSettings {
        page_size: 100,
        max_concurrent_campaigns: 4,
        batch_rows: 300,
        max_bytes_in_flight: 32 << 20,
        pages_ahead: 4,
        walk_pages_at_most: 6,
        settle_window: Duration::from_hours(24),
        full_walk_every: Duration::from_hours(24),
        full_walk_at_most: Duration::from_hours(24),
        look_at_most: Duration::ZERO,
        lease_ttl: Duration::from_secs(30),
        views_per_campaign: true,
        views_per_assistant: true,
        normalize: normalize::Options::default(),
    }
}

pub(crate) fn full() -> PassOptions {
    PassOptions { full: true, ..passing() }
}

pub(crate) fn passing() -> PassOptions {
    PassOptions { trigger: "once", lease_wait: Duration::from_secs(20), ..PassOptions::default() }
}

impl Account {
    /// Starts a simulator and makes a database for it.
    pub(crate) async fn new(options: Options) -> Self {
        let key = options.api_key.clone();
        let simulator = Simulator::start(options).await.unwrap();
        let database = TestDatabase::fresh().await;
        let (store, _) = Store::open(&StoreOptions {
            url: database.mirror_url().to_owned().into(),
            max_connections: 10,
            lease_ttl: Duration::from_secs(30),
        })
        .await
        .unwrap();
        store.migrate().await.unwrap();
        let pool = PgPoolOptions::new().max_connections(3).connect(database.url()).await.unwrap();
        let mirror = Mirror {
            account: "default".into(),
            client: Client::new(client_options(&simulator, &key)).unwrap(),
            base_url: simulator.base_url(),
            store: Some(store),
            settings: sync_settings(),
            clock: Clock::system(),
            progress: Arc::new(Silent),
            stop: CancellationToken::new(),
            walks: Walks::default(),
        };
        Self { simulator, mirror, pool, database, privacy_key: None }
    }

    pub(crate) async fn pass(&self, options: &PassOptions) -> Result<PassReport, SyncError> {
        run_pass(&self.mirror, options).await
    }

    /// Makes a pass that must be complete in every campaign.
    pub(crate) async fn complete_pass(&self, options: &PassOptions) -> PassReport {
        let report = self.pass(options).await.unwrap();
        for campaign in &report.campaigns {
            assert!(
                matches!(campaign.outcome, Outcome::Complete | Outcome::Skipped),
                "{} is {:?}: {:?}",
                campaign.id,
                campaign.outcome,
                campaign.note
            );
        }
        report
    }

    /// Gives the mirror the key by which people are known who are erased.
    pub(crate) fn set_privacy_key(&mut self, secret: [u8; 32]) {
        self.privacy_key = Some(secret);
        self.mirror.settings.normalize.privacy_key = Some(normalize::PrivacyKey::new(&secret));
    }

    /// The mirror's tables are equal to what the simulator shows.
    pub(crate) async fn assert_equal(&self) {
        super::truth::assert_equal(&self.simulator, &self.pool).await;
    }

    /// Reads the API again and lays the mirror beside it.
    pub(crate) async fn verify(&self) -> Report {
        let mirror = &self.mirror;
        let subject = Subject {
            account: mirror.account.clone(),
            client: mirror.client.clone(),
            base_url: mirror.base_url.clone(),
            store: mirror.store.clone().unwrap(),
            page_size: mirror.settings.page_size,
            max_concurrent_campaigns: mirror.settings.max_concurrent_campaigns,
            keep_llm_system_prompt: mirror.settings.normalize.keep_llm_system_prompt,
            left_out: Arc::new(self.left_out()),
            progress: mirror.progress.clone(),
        };
        verify(&subject, &[]).await.unwrap()
    }

    /// What the mirror leaves out, as `verify` has it.
    fn left_out(&self) -> LeftOut {
        let privacy = &self.mirror.settings.normalize.privacy;
        LeftOut {
            key: self.privacy_key.map(|key| key.to_vec().into()),
            transcripts: privacy.no_transcripts,
            recording_urls: privacy.no_recording_urls,
            input_keys: privacy.input_keys_left_out.clone(),
            phone_numbers: match privacy.phone_numbers {
                PhoneNumbers::Full => NumberForm::Full,
                PhoneNumbers::Hashed => NumberForm::Hashed,
                PhoneNumbers::Masked => NumberForm::Masked,
            },
        }
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&self.pool).await.unwrap()
    }
}

/// When each table was last written, and how many lines it has.
pub(crate) async fn synced(pool: &PgPool) -> std::collections::BTreeMap<&'static str, (i64, Option<String>)> {
    let mut synced = std::collections::BTreeMap::new();
    for table in ["campaigns", "assistants", "campaign_rows", "calls", "call_attempts"] {
        let statement = format!("select count(*), max(_synced_at)::text from revox.{table}");
        synced.insert(table, sqlx::query_as(sqlx::AssertSqlSafe(statement)).fetch_one(pool).await.unwrap());
    }
    synced
}
