//! What the simulated account shows, as plain values: what answers in SQL are laid beside, counted without any SQL.

use chrono::{DateTime, Utc};
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi, Options, Simulator};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) type Time = DateTime<Utc>;

/// A campaign with its rows.
#[derive(Debug, Deserialize)]
pub(crate) struct Campaign {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) assistant: Option<Assistant>,
    pub(crate) row_stats: BTreeMap<String, f64>,
    #[serde(skip)]
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Assistant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) llm_model: Value,
    #[serde(default)]
    pub(crate) structured_output_config: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    #[serde(rename = "row_index")]
    pub(crate) index: f64,
    pub(crate) phone_number: String,
    pub(crate) input_data: Value,
    pub(crate) call: Option<Call>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) created_at: Time,
    pub(crate) to_phone_number: String,
    pub(crate) assistant: Option<Assistant>,
    pub(crate) llm_model: Value,
    #[serde(default)]
    pub(crate) metadata: Value,
    /// The newest first.
    #[serde(rename = "call_attempts")]
    pub(crate) attempts: Vec<Attempt>,
    #[serde(default)]
    pub(crate) outcome: Option<String>,
    #[serde(default)]
    pub(crate) assignee: Value,
    #[serde(default)]
    pub(crate) contact: Value,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) result: Option<String>,
    pub(crate) dial_error: Option<String>,
    pub(crate) phone_number: String,
    pub(crate) started_at: Option<Time>,
    pub(crate) answered_at: Option<Time>,
    pub(crate) ended_at: Option<Time>,
    pub(crate) recording_url: Option<String>,
    pub(crate) end_reason: Option<String>,
    pub(crate) ended_by: Option<String>,
    pub(crate) structured_output: Value,
    #[serde(default)]
    pub(crate) transcript: Option<Vec<Turn>>,
    #[serde(default)]
    pub(crate) post_call_transcript: Option<Vec<Turn>>,
    #[serde(default)]
    pub(crate) speech_events: Vec<Value>,
    #[serde(default)]
    pub(crate) sms_log: Vec<Value>,
    #[serde(default)]
    pub(crate) handled_by_human: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Turn {
    pub(crate) role: String,
    pub(crate) content: String,
    #[serde(default)]
    pub(crate) tool_name: Option<String>,
    #[serde(default)]
    pub(crate) tool_is_error: Option<bool>,
}

/// The account as it shows itself now.
pub(crate) fn account(simulator: &Simulator) -> Vec<Campaign> {
    let campaigns = simulator.campaign_ids().into_iter().map(|id| {
        let text = simulator.edit(|account| account.campaign_truth(id.as_str())).unwrap();
        let mut campaign: Campaign = serde_json::from_str(&text).unwrap();
        let rows = simulator.truth(id.as_str()).unwrap();
        campaign.rows = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        campaign
    });
    campaigns.collect()
}

impl Campaign {
    /// Its calls, each once, by id.
    pub(crate) fn calls(&self) -> BTreeMap<&str, &Call> {
        let calls = self.rows.iter().filter_map(|row| row.call.as_ref());
        calls.map(|call| (call.id.as_str(), call)).collect()
    }
}

/// Every call of the account with its campaign, each once: no call is shared between campaigns.
pub(crate) fn calls(account: &[Campaign]) -> Vec<(&Campaign, &Call)> {
    let of = |campaign| Campaign::calls(campaign).into_values().map(move |call| (campaign, call));
    account.iter().flat_map(of).collect()
}

/// Every attempt with its call and campaign.
pub(crate) fn attempts(account: &[Campaign]) -> Vec<(&Campaign, &Call, &Attempt)> {
    let calls = calls(account).into_iter();
    calls.flat_map(|(campaign, call)| call.attempts.iter().map(move |it| (campaign, call, it))).collect()
}

impl Call {
    pub(crate) fn has_result(&self, result: &str) -> bool {
        self.attempts.iter().any(|attempt| attempt.has_result(result))
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.answered_at.is_some())
    }
}

impl Attempt {
    pub(crate) fn has_result(&self, result: &str) -> bool {
        self.result.as_deref() == Some(result)
    }

    /// Seconds for which it rang; the simulator's times lie whole seconds apart.
    pub(crate) fn ring_seconds(&self) -> Option<i64> {
        Some((self.answered_at.or(self.ended_at)? - self.started_at?).num_seconds())
    }

    /// Seconds from the answer to the end.
    pub(crate) fn talk_seconds(&self) -> Option<i64> {
        Some((self.ended_at? - self.answered_at?).num_seconds())
    }

    /// The transcript made from the recording where there is one, else the live one.
    pub(crate) fn turns(&self) -> &[Turn] {
        let post_call = self.post_call_transcript.as_deref().filter(|turns| !turns.is_empty());
        post_call.or(self.transcript.as_deref()).unwrap_or_default()
    }
}

impl Turn {
    pub(crate) fn words(&self) -> i64 {
        let words = self.content.split([' ', '\n', '\r', '\t']).filter(|word| !word.is_empty());
        i64::try_from(words.count()).unwrap()
    }
}

/// An account that was mirrored, edited and mirrored again, so that lines are gone, calls are shared, and one has a
/// status that nobody knows. What it shows is the same every time.
pub(crate) async fn lived_in(flavour: Flavour) -> super::account::Account {
    let options = Options { campaigns: 5, rows: 60, flavour, ..Options::default() };
    let mut account = super::account::Account::new(options).await;
    account.mirror.clock = super::hands::Hands::at(NOW).clock();
    account.complete_pass(&super::account::passing()).await;
    account
        .simulator
        .edit(|account| {
            account.set_unknown_status(0, 2, "hibernating")?;
            account.share_call((0, 0), (0, 20))?;
            account.delete_row(1, 3)?;
            account.replace_call(1, 5)?;
            account.remove_call(1, 6)?;
            account.delete_attempt(1, 7)?;
            account.edit_input_data(3, 1)
        })
        .unwrap();
    account.complete_pass(&super::account::full()).await;
    account
}

/// When [`lived_in`] is mirrored: a day after the last of its calls.
const NOW: &str = "2026-03-03T10:00:00Z";

/// Both APIs.
pub(crate) fn flavours() -> [Flavour; 2] {
    [Flavour::Older(OlderApi::default()), Flavour::Newer(NewerApi::default())]
}
