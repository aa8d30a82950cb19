//! Nobody's secrets arrive: those in the API's answers, the mirror's own key, the database's password, the admin
//! server's token and its hooks' secret. The real program, at the most talkative level, in whatever happens.
//!
//! A secret is planted in every place of the answers that may hold one (`planting`) by what stands between the mirror
//! and the simulator (`between`); whatever is said or kept is searched for them (`heard`).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, as it should"
)]

mod between;
mod heard;
mod planting;
mod scenes;
mod settings;

use heard::Heard;
use planting::MARKER;
use revox_mirror::simulator::{Flavour, NewerApi, OlderApi};
use scenes::{OWN_SECRETS, Scenes};
use std::collections::BTreeMap;

/// Places below an assistant, wherever it is shown.
const OF_ASSISTANTS: &[&str] = &[
    "webhook_url",
    "llm_model.api_key",
    "calendly.event_type_id (a URL)",
    "x_api_key",
    "faq_items[].payload",
];
const OF_NEWER_ASSISTANTS: &[&str] = &[
    "llm_model.api_url",
    "precall_lookup_url",
    "logo_url",
    "custom_tools[].url",
    "custom_tools[].body_template",
    "custom_tools[].headers[].value",
    "custom_tools[].query_params[].value",
    "custom_tools[].input_schema[].x_api_key",
    "created_by.credentials",
    "position.callback_url",
    "prompt_flow.nodes[].data.x_api_key",
    "stt_context.general[].x_api_key",
    "transfer_destinations[].x_api_key",
    "zoho.field_mapping[].x_api_key",
];
const OF_CALLS: &[&str] = &[
    "llm_model.api_key",
    "metadata.x_api_key",
    "metadata.callback_url",
    "campaign.x_api_key",
    "call_attempts[].recording_url",
    "call_attempts[].structured_output.x_api_key",
    "call_attempts[].transcript[].tool_arguments",
    "call_attempts[].transcript[].tool_arguments.x_api_key",
    "call_attempts[].transcript[].payload",
    "last_call_attempt.x_api_key",
    "call_retry_config.calling_windows[].x_api_key",
];
const OF_NEWER_CALLS: &[&str] = &[
    "llm_model.api_url",
    "prompt_variables.x_api_key",
    "contact.x_api_key",
    "assignee.x_api_key",
    "call_attempts[].transcript[].tool_output",
    "call_attempts[].post_call_transcript[].tool_output",
    "call_attempts[].speech_events[].x_api_key",
    "call_attempts[].sms_log[].x_api_key",
    "call_attempts[].email_log[].x_api_key",
];

/// Places in which a secret must have been sent, or the test proves nothing.
fn expected_places(is_newer: bool) -> Vec<String> {
    let below = |owner: &str, older: &[&str], newer: &[&str]| -> Vec<String> {
        let newer = if is_newer { newer } else { &[] };
        older.iter().chain(newer).map(|place| format!("{owner}.{place}")).collect()
    };
    let mut places: Vec<String> = [
        "rows[].x_api_key",
        "rows[].input_data.x_api_key",
        "campaigns[].x_api_key",
        "campaigns[].row_stats.x_api_key",
    ]
    .map(ToOwned::to_owned)
    .into();
    places.extend([".x_api_key".to_owned(), "campaign.x_api_key".to_owned()]);
    for owner in ["campaigns[].assistant", "rows[].call.assistant"] {
        places.extend(below(owner, OF_ASSISTANTS, OF_NEWER_ASSISTANTS));
    }
    places.extend(below("rows[].call", OF_CALLS, OF_NEWER_CALLS));
    if is_newer {
        places.extend(["calls[].x_api_key".to_owned(), "calls[].metadata.x_api_key".to_owned()]);
    }
    places
}

/// Nothing that is said or kept holds a secret, and there is something that could.
fn assert_silent(heard: &Heard) {
    for (secret, what) in OWN_SECRETS.iter().copied().chain([(MARKER, "somebody else's secret")]) {
        let leaks = heard.leaks(secret);
        let shown = leaks.iter().take(20).cloned().collect::<Vec<_>>().join("\n  ");
        assert!(leaks.is_empty(), "{what} is in {} places:\n  {shown}", leaks.len());
    }
}

async fn nothing_arrives(flavour: Flavour) {
    let is_newer = flavour.is_newer();
    let mut scenes = Scenes::new(flavour).await;
    scenes.passes().await;
    scenes.keys_are_told().await;
    scenes.questions().await;
    scenes.failing_passes().await;
    scenes.daemon().await;
    let heard = scenes.end().await;

    let places: BTreeMap<String, u64> = heard.places;
    let missing: Vec<String> =
        expected_places(is_newer).into_iter().filter(|place| !places.contains_key(place)).collect();
    assert!(missing.is_empty(), "nothing was planted in {missing:#?}");
    assert!(places.values().sum::<u64>() > 10_000, "{places:?}");
    // What is searched is what it should be: the log of the most talkative level, values, the page.
    for text in
        ["\"level\":\"DEBUG\"", " DEBUG ", "[scrubbed]", "revox_mirror_api_requests_total", "<main", "data: "]
    {
        assert!(heard.heard.holds(text), "{text} was not heard in {} bytes", heard.heard.length());
    }
    assert_silent(&heard.heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_of_the_older_api_arrives_anywhere() {
    nothing_arrives(Flavour::Older(OlderApi::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_of_the_newer_api_arrives_anywhere() {
    nothing_arrives(Flavour::Newer(NewerApi::default())).await;
}
