//! Plants a secret in every place of an answer that may hold one.
//!
//! Owns: the places. They are those that the API is known to have, and members that it may grow, in every object.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Stands in every secret that is planted.
pub(crate) const MARKER: &str = "hush7c41";

/// Objects into which people put what they like: there a URL keeps what is no secret.
const FREE: [&str; 5] = ["metadata", "input_data", "prompt_variables", "structured_output", "tool_arguments"];

/// Texts that other programs write, as likely as not in JSON.
const WRITTEN_BY_TOOLS: [&str; 2] = ["tool_output", "tool_arguments"];

/// What was planted, and what the mirror must know of it.
#[derive(Debug, Default)]
pub(crate) struct Planted {
    /// How often a secret was sent in each place: `rows[].call.llm_model.api_key`.
    pub(crate) places: BTreeMap<String, u64>,
    /// Whether the model of a call or of an assistant has a key, by table and id.
    pub(crate) keys: BTreeMap<(&'static str, String), bool>,
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Planted {
    /// A secret of its own for a place. An assistant has the same wherever it is shown.
    fn secret(&mut self, place: &str) -> String {
        *self.places.entry(place.to_owned()).or_default() += 1;
        let own = place.rfind("assistant.").map_or(place, |at| &place[at..]);
        format!("{MARKER}x{:08x}", hash_of(own) & 0xffff_ffff)
    }

    /// Plants in an answer, or in a part of it that stands at `place`.
    pub(crate) fn plant(&mut self, value: &mut Value, place: &str) {
        match value {
            Value::Array(items) => {
                let place = format!("{place}[]");
                for item in items {
                    self.plant(item, &place);
                }
            }
            Value::Object(members) => self.plant_in_object(members, place),
            Value::String(text) => self.plant_in_text(text, place),
            _ => {}
        }
    }

    fn plant_in_object(&mut self, members: &mut Map<String, Value>, place: &str) {
        self.decide_on_key(members, place);
        let is_sent_along = place.ends_with("headers[]") || place.ends_with("query_params[]");
        for (name, value) in members.iter_mut() {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            match name.as_str() {
                // Decided above.
                "api_key" if !value.is_string() => {}
                "api_key" | "body_template" => *value = json!(self.secret(&place)),
                "value" if is_sent_along => *value = json!(format!("Bearer {}", self.secret(&place))),
                name if WRITTEN_BY_TOOLS.contains(&name) && value.is_string() => {
                    let url = self.url_among_data(&place);
                    let text = json!({"access_token": self.secret(&place), "at": url, "said": value});
                    *value = json!(text.to_string());
                }
                _ => self.plant(value, &place),
            }
        }
        for (name, value) in self.further_members(place) {
            members.insert(name, value);
        }
    }

    /// Gives every other model a key, and to some of the others one that is null.
    fn decide_on_key(&mut self, members: &mut Map<String, Value>, place: &str) {
        let table = match place.rsplit('.').next().unwrap_or_default() {
            "assistant" => "assistants",
            "call" | "calls[]" => "calls",
            _ => return,
        };
        let Some(id) = members.get("id").and_then(Value::as_str).map(ToOwned::to_owned) else { return };
        let Some(Value::Object(model)) = members.get_mut("llm_model") else { return };
        let of_table = self.keys.keys().filter(|(other, _)| *other == table).count();
        // The order in which they are first shown decides: a choice by chance could leave one kind out.
        let has_key =
            self.keys.get(&(table, id.clone())).copied().unwrap_or_else(|| of_table.is_multiple_of(2));
        if has_key {
            model.insert("api_key".to_owned(), json!("to be planted"));
        } else if hash_of(&id).is_multiple_of(2) {
            model.insert("api_key".to_owned(), Value::Null);
        } else {
            model.remove("api_key");
        }
        self.keys.insert((table, id), has_key);
    }

    fn plant_in_text(&mut self, text: &mut String, place: &str) {
        let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")) else {
            return;
        };
        let last = place.rsplit('.').next().unwrap_or_default();
        let is_free = FREE.iter().any(|name| place.contains(&format!(".{name}."))) || last == "event_type_id";
        let secret = self.secret(place);
        *text = if last == "recording_url" {
            // Its signature stays, or it would lead nowhere.
            format!("https://{secret}:{secret}@{rest}")
        } else if is_free {
            self.url_among_data(place)
        } else {
            format!("https://{secret}:{secret}@h.example/p?{secret}&q={secret}#id_token={secret}")
        };
    }

    fn url_among_data(&mut self, place: &str) -> String {
        let secret = self.secret(&format!("{place} (a URL)"));
        format!(
            "https://{secret}:{secret}@h.example/p?id=7&token={secret}&key={secret}#access_token={secret}"
        )
    }

    /// Members that no schema has, and that hold secrets by their names, or by what they are.
    fn further_members(&mut self, place: &str) -> Vec<(String, Value)> {
        let is_free = FREE.iter().any(|name| format!("{place}.").contains(&format!(".{name}.")));
        let mut at = |name: &str| self.secret(&format!("{place}.{name}"));
        let url = if is_free {
            format!("https://{0}@h.example/p?id=7&api_key={0}", at("callback_url"))
        } else {
            format!("https://{0}@h.example/p?id={0}#t={0}", at("callback_url"))
        };
        let payload = format!(
            r#"{{"refresh_token":"{0}","url":"https://{0}@h.example/?token={0}","n":[1,{{"secret":"{0}"}}]}}"#,
            at("payload")
        );
        let members = [
            ("x_api_key", json!(at("x_api_key"))),
            ("clientSecret", json!(at("clientSecret"))),
            ("Authorization", json!(format!("Bearer {}", at("Authorization")))),
            ("mot de passe", json!(at("mot de passe"))),
            (
                "credentials",
                json!({"user": at("credentials"), "list": [at("credentials"), {"a": at("credentials")}]}),
            ),
            ("sip_headers", json!({"X-Caller": at("sip_headers"), "X-List": [at("sip_headers")]})),
            (
                "more_query_params",
                json!([{"key": "k", "value": at("more_query_params")}, {"key": "l", "default": at("more_query_params")}]),
            ),
            ("callback_url", json!(url)),
            (
                "data_source",
                json!(format!("postgres://u:{}@db.example/d?sslmode=require", at("data_source"))),
            ),
            ("payload", json!(payload)),
            (
                "variables",
                json!([{"name": "api_key", "value": at("variables")}, {"name": "city", "value": "Lyon"}]),
            ),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
