//! The JSON of an assistant.

use super::{Look, models};
use crate::simulator::assistant::Assistant;
use crate::simulator::draw::Draw;
use crate::simulator::json::{Json, NULL};
use crate::simulator::texts::prompts;

/// An assistant as campaigns and calls show it.
pub(in crate::simulator) fn assistant(look: Look, assistant: &Assistant, organization_id: &str) -> String {
    let draw = &mut Draw::new(assistant.seed);
    let mut json = look.json();
    json.object(|json| {
        json.field("id", &assistant.id);
        json.field("background_sound", draw.chance(50).then_some("audio/office.ogg"));
        calendly(json, draw);
        models::call_retry_config(json, look, draw);
        json.field("created_at", assistant.created_at);
        json.field("end_of_call_sentence", draw.chance(60).then_some("Merci et bonne journée !"));
        json.field("first_sentence", draw.chance(70).then_some("Bonjour {{first_name}}, vous allez bien ?"));
        json.field("first_sentence_delay_ms", draw.pick(&[400_u64, 0, 1_250]));
        json.field("first_sentence_mode", draw.pick(&["generated", "static", "none"]));
        json.field("ivr_navigation_enabled", draw.chance(50));
        models::llm_model(json, look, draw, assistant.model);
        json.field("max_call_duration_secs", draw.pick(&[600.0, 1_200.0, 452.5]));
        json.field("name", assistant.name);
        json.field("organization_id", organization_id);
        json.field("prompt", &assistant.prompt);
        structured_output_config(json);
        let transfer_phone_number = draw.chance(50).then_some("+33477001122");
        if !look.newer {
            json.field("transfer_phone_number", transfer_phone_number);
        }
        json.field("updated_at", assistant.updated_at);
        voice(json, look, draw);
        json.field(
            "voicemail_message",
            draw.chance(50).then_some("Bonjour, c'est Léa. Je rappellerai demain."),
        );
        json.field("webhook_url", "https://hook:s3cret@hooks.example.com/revox?signature=hook-secret");
        faq_items(json, draw);
        if look.newer {
            newer_settings(json, draw);
            newer_connections(json, draw);
            newer_tools(json, draw);
        }
    });
    json.into_text()
}

fn calendly(json: &mut Json, draw: &mut Draw) {
    if draw.chance(40) {
        json.field("calendly", NULL);
        return;
    }
    json.object_field("calendly", |json| {
        json.field("connection_id", draw.token("cal_", 12));
        json.field(
            "event_type_id",
            "https://api.calendly.com/event_types/b2330295-2a91-4a1d-bb73-99e7707663d5",
        );
    });
}

fn structured_output_config(json: &mut Json) {
    const FIELDS: &[(&str, &str, bool, Option<&str>)] = &[
        ("email", "string", true, Some("L'adresse e-mail, épelée")),
        ("budget_eur", "number", false, None),
        ("is_owner", "boolean", false, Some("Whether the person owns the house")),
        ("interest", "enum", true, None),
        ("visit_on", "date", false, None),
        ("call_back_at", "datetime", false, Some("")),
    ];
    json.list_field("structured_output_config", FIELDS, |json, (name, kind, required, description)| {
        json.object(|json| {
            json.field("name", *name);
            json.field("required", *required);
            json.field("type", *kind);
            json.field("description", *description);
            if *kind == "enum" {
                json.strings_field("enum_options", &["hot", "warm", "cold", "glacé 🧊"]);
            }
        });
    });
}

fn voice(json: &mut Json, look: Look, draw: &mut Draw) {
    json.object_field("voice", |json| {
        json.field("id", draw.token("", 20));
        let provider = draw.pick(&["cartesia", "elevenlabs", "gradium"]);
        json.field("provider", if look.newer || provider != "gradium" { provider } else { "cartesia" });
        json.field("speed", draw.chance(60).then_some(1.05));
        if look.newer {
            // Apart, so that what follows is the same on either API.
            let draw = &mut draw.clone();
            json.field("model", draw.pick(&[Some("sonic-3"), Some("sonic-3.5"), None]));
            json.field("volume", draw.chance(40).then_some(0.9));
        }
    });
}

fn faq_items(json: &mut Json, draw: &mut Draw) {
    let items = draw.count(0..4);
    json.list_field("faq_items", 0..items, |json, _| {
        let (question, answer) = prompts::faq(draw);
        json.object(|json| {
            json.field("answer", answer);
            json.field("question", question);
            json.field("id", draw.token("faq_", 10));
            json.field("needs_human_answer", draw.chance(30));
            json.field("source", draw.pick(&["human", "ai"]));
        });
    });
    json.count_field("pending_faq_count", draw.count(0..5));
}

const SOUNDS: &[Option<&str>] = &[
    Some("city-ambience.ogg"),
    Some("forest-ambience.ogg"),
    Some("office-ambience.ogg"),
    Some("crowded-room.ogg"),
    Some("keyboard-typing.ogg"),
    Some("keyboard-typing2.ogg"),
    Some("hold_music.ogg"),
    None,
];

/// The newer API's settings of the assistant itself.
fn newer_settings(json: &mut Json, draw: &mut Draw) {
    json.field("background_sound_volume", 0.35);
    json.field("cartesia_dictionary_pronunciation_id", draw.chance(30).then_some("dict_fr"));
    json.field("from_phone_number", draw.chance(40).then_some("+33477000001"));
    json.field("human_transfer_mode", draw.pick(&[Some("warm"), Some("cold"), None]));
    json.field("logo_url", draw.chance(40).then_some("https://cdn.example.com/logo.svg"));
    json.field("max_duration_end_message", draw.chance(40).then_some("Je dois raccrocher, merci !"));
    json.field("precall_lookup_url", "https://lookup:pa55@crm.example.com/lookup?key=lookup-secret");
    json.field("sms_enabled", draw.chance(50));
    json.field("sms_template", draw.chance(40).then_some("Bonjour {{first_name}}, voici le lien : {{link}}"));
    json.field("structured_output_prompt", draw.chance(40).then_some("Extract from {{transcript}} only."));
    json.field("stt_model", draw.pick(&["stt-rt-v4", "stt-rt-v5"]));
    json.field("thinking_sound", draw.pick(SOUNDS));
    json.field("thinking_sound_probability", 0.8);
    json.field("thinking_sound_volume", 0.5);
    json.field("type", draw.pick(&["standalone", "multi-step", "sub-assistant"]));
    json.field("voicemail_sms_prompt", draw.chance(40).then_some("Say that we called."));
    json.field("warm_transfer_summary_instructions", draw.chance(40).then_some("In one sentence."));
    json.field("is_inbound_receptionist", false);
    json.field("is_realestate_assistant", draw.chance(50));
    json.object_field("created_by", |json| models::member(json, draw));
    json.object_field("position", |json| {
        json.field("x", 12.5);
        json.field("y", -40.0);
    });
    json.object_field("stt_context", |json| {
        json.list_field("general", [("domain", "énergie")], |json, (key, value)| {
            json.object(|json| {
                json.field("key", key);
                json.field("value", value);
            });
        });
        json.strings_field("terms", &["MaPrimeRénov'", "pompe à chaleur"]);
    });
    json.object_field("prompt_flow", |json| {
        json.list_field("edges", [("e1", "n1", "n2")], |json, (id, source, target)| {
            json.object(|json| {
                json.field("id", id);
                json.field("source", source);
                json.field("target", target);
            });
        });
        json.list_field("nodes", [("n1", "Accueil"), ("n2", "Rendez-vous")], |json, (id, title)| {
            json.object(|json| {
                json.field("id", id);
                json.object_field("data", |json| {
                    json.field("body", "Dis bonjour.\nPuis écoute.");
                    json.field("title", title);
                });
                json.object_field("position", |json| {
                    json.field("x", 0.0);
                    json.field("y", 180.0);
                });
                json.field("type", "promptBlock");
            });
        });
    });
}

/// The newer API's notifications and connections to other systems.
fn newer_connections(json: &mut Json, draw: &mut Draw) {
    json.strings_field("after_call_sms_outcomes", &["interested", "none"]);
    json.field("after_call_sms_prompt", draw.chance(50).then_some("Thank {{first_name}}."));
    json.field("email_notification_address", "sales@example.com, ops@example.com");
    json.strings_field("email_notification_outcomes", &["interested", "requested_callback_later"]);
    if draw.chance(50) {
        json.field("slack", NULL);
    } else {
        json.object_field("slack", |json| {
            json.list_field("channels", ["C01234567", "C07654321"], |json, id| {
                json.object(|json| {
                    json.field("id", id);
                    json.field("name", draw.chance(50).then_some("leads-chauds"));
                });
            });
            json.field("connection_id", draw.token("nango_", 12));
            json.strings_field("outcomes", &["interested", "completed"]);
            json.field("template", draw.chance(50).then_some("{{name}} : {{outcome}}"));
        });
    }
    json.object_field("zoho", |json| {
        json.field("connection_id", draw.token("nango_", 12));
        json.list_field(
            "field_mapping",
            [("email", "Email"), ("budget_eur", "Budget__c")],
            |json, (from, to)| {
                json.object(|json| {
                    json.field("source", from);
                    json.field("zoho_field", to);
                });
            },
        );
        json.field("log_call_activity", true);
        json.field("module", "Leads");
        json.strings_field("outcomes", &["not_interested", "none"]);
        json.field("template", "{{outcome}}\n{{summary}}");
    });
}

/// The newer API's tools of the customer's own, which hold secrets of the customer's.
fn newer_tools(json: &mut Json, draw: &mut Draw) {
    json.list_field("custom_tools", ["check_stock", "create_ticket"], |json, name| {
        let pair = |json: &mut Json, (key, value): (&str, String)| {
            json.object(|json| {
                json.field("key", key);
                json.field("value", value);
            });
        };
        json.object(|json| {
            json.field("body_template", (name == "create_ticket").then_some(r#"{"title":"{{title}}"}"#));
            json.field("description", "Looks it up in the customer's own system");
            let bearer = draw.token("Bearer tool-secret-", 24);
            json.list_field("headers", [("Authorization", bearer), ("X-Tenant", "fr-42".to_owned())], pair);
            json.list_field("input_schema", ["title", "urgency"], |json, field| {
                let is_enum = field == "urgency";
                json.object(|json| {
                    json.field("name", field);
                    json.field("required", !is_enum);
                    json.field("type", if is_enum { "enum" } else { "string" });
                    json.field("description", is_enum.then_some("How soon it is needed"));
                    if is_enum {
                        json.strings_field("enum_options", &["now", "later"]);
                    } else {
                        json.field("enum_options", NULL);
                    }
                });
            });
            json.field("method", draw.pick(&["GET", "POST", "PUT", "PATCH", "DELETE"]));
            json.field("name", name);
            let key = draw.token("query-secret-", 16);
            json.list_field("query_params", [("api_key", key)], pair);
            json.field("url", "https://tool:t0ps3cret@tools.example.com/v2?token=tool-url-secret");
        });
    });
    json.list_field("transfer_destinations", [("Accueil", "+33477001122")], |json, (label, number)| {
        json.object(|json| {
            json.field("label", label);
            json.field("phone_number", number);
        });
    });
}
