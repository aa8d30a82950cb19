//! The JSON of a campaign, and of the user that the key belongs to.

use super::{Look, models};
use crate::simulator::campaign::{Campaign, Fingerprint};
use crate::simulator::draw::Draw;
use chrono::{DateTime, Duration, Utc};

/// A campaign. `stats` and `assistant` are left out when the account does not show them.
pub(in crate::simulator) fn campaign(
    look: Look,
    campaign: &Campaign,
    organization_id: &str,
    (fingerprint, shows_stats): (Fingerprint, bool),
    (assistant_id, assistant): (&str, Option<&str>),
) -> String {
    let draw = &mut Draw::new(campaign.seed);
    let mut json = look.json();
    json.object(|json| {
        json.field("id", &campaign.id);
        json.field("assistant_id", assistant_id);
        json.field("created_at", campaign.created_at);
        json.field("is_cancelled", false);
        json.field("name", &campaign.name);
        json.field("organization_id", organization_id);
        json.field("status", fingerprint.status.shown(look.newer));
        json.field("updated_at", fingerprint.updated_at);
        if let Some(assistant) = assistant {
            json.key("assistant");
            json.raw(assistant);
        }
        models::call_retry_config(json, look, draw);
        json.field("from_phone_number", draw.chance(80).then_some(&campaign.from_phone_number));
        json.field("max_concurrent_calls", draw.chance(70).then_some(5_usize));
        let stats = fingerprint.stats;
        if shows_stats {
            json.object_field("row_stats", |json| {
                json.count_field("calling", stats.calling);
                json.count_field("completed", stats.completed);
                json.count_field("failed", stats.failed);
                json.count_field("pending", stats.pending);
                json.count_field("retry", stats.retry);
                json.count_field("total", stats.total);
                if look.newer {
                    json.count_field("not_launched", stats.not_launched);
                    json.count_field("skipped", stats.skipped);
                }
            });
        }
        json.field("scheduled_at", draw.chance(30).then(|| campaign.created_at + Duration::hours(1)));
        if look.newer {
            json.object_field("created_by", |json| models::member(json, draw));
            json.object_field("funnel_stats", |json| {
                json.count_field("hot", stats.completed / 7);
                json.count_field("talked_to_human", stats.completed * 2 / 3);
                json.count_field("total_leads", stats.total);
            });
            json.strings_field("metadata_keys", &["crm_id", "source"]);
            json.field("structured_output_extraction", draw.pick(&["none", "running", "completed"]));
        }
    });
    json.into_text()
}

/// The user that the key belongs to.
pub(in crate::simulator) fn user(look: Look, organization_id: &str, now: DateTime<Utc>) -> String {
    let mut json = look.json();
    json.object(|json| {
        json.object_field("user", |json| {
            json.field("id", "usr_1c7a");
            json.field("created_at", now - Duration::hours(24 * 200));
            json.field("email", "camille@lumiere-energie.example");
            json.field("first_name", "Camille");
            json.field("has_completed_onboarding", true);
            json.field("last_name", "Rousseau");
            json.field("organization_id", organization_id);
            json.field("updated_at", now - Duration::hours(24 * 30));
            if look.newer {
                json.field("organization_country", "FR");
            }
        });
    });
    json.into_text()
}
