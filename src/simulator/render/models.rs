//! The JSON of what assistants, calls and campaigns have in common: language models and retry rules.

use super::Look;
use crate::simulator::assistant::Model;
use crate::simulator::draw::Draw;
use crate::simulator::json::{Json, NULL};

/// `"llm_model":{...}`. The older API knows two kinds and shows the others as `openrouter`.
pub(super) fn llm_model(json: &mut Json, look: Look, draw: &mut Draw, model: Model) {
    // What the newer API alone shows is drawn apart, so that what follows is the same on either API.
    let mut apart = draw.clone();
    json.object_field("llm_model", |json| match model {
        Model::Dedicated => {
            json.field("name", draw.pick(&["gpt-4.1", "ministral-3-8b-instruct"]));
            json.field("type", "dedicated-instance");
        }
        Model::Custom if look.newer => {
            json.field("api_key", apart.token("sk-custom-", 32));
            json.field("api_url", "https://svc:hunter2@llm.example.com/v1?token=url-secret");
            json.field("model_name", "meta-llama/llama-3-70b");
            json.field("type", "custom");
        }
        Model::Realtime if look.newer => {
            json.field("provider", apart.pick(&["openai", "google"]));
            json.field("realtime_model_id", "gpt-realtime");
            json.field("realtime_voice_id", apart.chance(50).then_some("marin"));
            json.field("type", "realtime");
        }
        Model::OpenRouter | Model::Custom | Model::Realtime => {
            json.field("openrouter_model_id", draw.pick(&["openai/gpt-4.1", "mistralai/mistral-large"]));
            json.field("openrouter_provider", draw.pick(&["nebius", "azure"]));
            json.field("type", "openrouter");
        }
    });
    if look.newer && matches!(model, Model::Custom | Model::Realtime) {
        // As many draws as the older API's words for these take.
        let _ = (draw.pick(&["", ""]), draw.pick(&["", ""]));
    }
}

/// `"call_retry_config":{...}` or null: one of a handful, as people make them.
pub(super) fn call_retry_config(json: &mut Json, look: Look, draw: &mut Draw) {
    if draw.chance(25) {
        json.field("call_retry_config", NULL);
        return;
    }
    let afternoon = draw.chance(50);
    json.object_field("call_retry_config", |json| {
        if look.newer {
            let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
            json.strings_field("allowed_days", if afternoon { &days } else { &["saturday", "sunday"] });
            json.field("call_twice_in_a_row", afternoon);
        }
        let windows: &[(&str, &str, u64)] = if afternoon {
            &[("09:00", "12:00", 3_600), ("2pm", "6:30pm", 7_200)]
        } else {
            &[("10:00", "18:00", 7_200)]
        };
        json.list_field("calling_windows", windows, |json, (start, end, delay)| {
            json.object(|json| {
                json.field("calling_window_end_time", *end);
                json.field("calling_window_start_time", *start);
                json.field("retry_delay_seconds", *delay);
            });
        });
        json.field("max_retry_attempts", 3_u64);
        json.field("timezone", afternoon.then_some("Europe/Paris"));
    });
}

/// A member of the organization, one of three.
pub(super) fn member(json: &mut Json, draw: &mut Draw) {
    let (id, first_name, last_name) = draw.pick(&[
        ("usr_1c7a", Some("Camille"), Some("Rousseau")),
        ("usr_2e9b", Some("Élodie"), None),
        ("usr_3d4c", None, None),
    ]);
    json.field("email", format!("{id}@lumiere-energie.example"));
    json.field("first_name", first_name);
    json.field("id", id);
    json.field("last_name", last_name);
}
