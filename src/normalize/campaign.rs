//! A campaign of the account's list, with its assistant.

use super::fields::{Fields, Missing};
use super::jsonb::canonical;
use super::notes::{Notes, Path};
use super::repair::repair;
use super::secrets::scrub;
use super::shape::{Known, MEMBER, Shape};
use super::values::IdFault;
use super::{CampaignRecords, DriftCounts, assistant, known, retry};
use crate::records::{Campaign, Field, Reject};
use crate::wire::Object;

/// Fields of either API that have no column.
const KNOWN: &[Known] = &[
    ("created_by", MEMBER),
    (
        "funnel_stats",
        Shape::Object(&[
            ("hot", Shape::Number),
            ("talked_to_human", Shape::Number),
            ("total_leads", Shape::Number),
        ]),
    ),
    ("metadata_keys", Shape::List(&Shape::Text)),
    ("structured_output_extraction", Shape::OneOf(known::EXTRACTIONS)),
];

#[derive(Default)]
struct RowStats {
    total: Field<i64>,
    pending: Field<i64>,
    calling: Field<i64>,
    retry: Field<i64>,
    completed: Field<i64>,
    failed: Field<i64>,
    not_launched: Field<i64>,
    skipped: Field<i64>,
}

pub(super) fn normalize(json: &str, drift: &mut DriftCounts) -> Result<CampaignRecords, Reject> {
    let (json, replaced) = repair(json);
    let mut notes = Notes::on("campaign");
    let mut records = CampaignRecords { replaced, ..CampaignRecords::default() };
    let campaign = match Object::read(&json) {
        Some(object) => {
            let mut fields = Fields::new(object, &mut notes);
            read(&mut fields, &mut records, drift).map_err(|fault| fault.to_string())
        }
        None => Err("it is not an object".to_owned()),
    };
    match campaign {
        Ok(campaign) => {
            notes.count_drift(&campaign.id, drift);
            records.campaign = campaign;
            records.rejects.append(&mut notes.rejects);
            records.call_retry_configs = notes.call_retry_configs;
            Ok(records)
        }
        Err(reason) => Err(notes.into_reject(&Path::Root, reason, &json)),
    }
}

fn read(
    fields: &mut Fields<'_, '_>,
    records: &mut CampaignRecords,
    drift: &mut DriftCounts,
) -> Result<Campaign, IdFault> {
    let id = fields.own_id()?;
    fields.notes.row_key.clone_from(&id);
    if let Some(json) = fields.raw("assistant") {
        read_assistant(json, fields.notes, records, drift);
    }
    let mut assistant_id = fields.id("assistant_id");
    if let (Field::Absent, Some(assistant)) = (&assistant_id, &records.assistant) {
        assistant_id = Field::Value(assistant.id.clone());
    }
    // The fingerprint is stored, whatever the object has grown by.
    records.row_stats = fields.peek("row_stats").map(|json| canonical(&scrub(json)));
    // The older API does not count what the newer one does, which is no reason to forget it.
    let row_stats = fields.nested("row_stats", &[], Missing::Absent, |stats| RowStats {
        total: stats.integer("total"),
        pending: stats.integer("pending"),
        calling: stats.integer("calling"),
        retry: stats.integer("retry"),
        completed: stats.integer("completed"),
        failed: stats.integer("failed"),
        not_launched: stats.integer("not_launched"),
        skipped: stats.integer("skipped"),
    });
    Ok(Campaign {
        id,
        organization_id: fields.id("organization_id"),
        assistant_id,
        name: fields.text("name"),
        status: fields.one_of("status", known::CAMPAIGN_STATUSES),
        is_cancelled: fields.boolean("is_cancelled"),
        from_phone_number: fields.phone_number("from_phone_number"),
        max_concurrent_calls: fields.integer("max_concurrent_calls"),
        call_retry_config_id: retry::read(fields, "call_retry_config"),
        scheduled_at: fields.time("scheduled_at"),
        created_at: fields.time("created_at"),
        updated_at: fields.time("updated_at"),
        rows_total: row_stats.total,
        rows_pending: row_stats.pending,
        rows_calling: row_stats.calling,
        rows_retry: row_stats.retry,
        rows_completed: row_stats.completed,
        rows_failed: row_stats.failed,
        rows_not_launched: row_stats.not_launched,
        rows_skipped: row_stats.skipped,
        extra: fields.finish(KNOWN),
    })
}

/// Reads the campaign's assistant; what of it cannot land is told under the campaign.
fn read_assistant(json: &str, notes: &mut Notes, records: &mut CampaignRecords, drift: &mut DriftCounts) {
    let rejects = match assistant::normalize(json, drift) {
        Ok(read) => {
            records.assistant = Some(read.assistant);
            for config in read.call_retry_configs {
                notes.share(config);
            }
            read.rejects
        }
        Err(reject) => vec![reject],
    };
    records.rejects.extend(rejects.into_iter().map(|reject| Reject {
        row_key: notes.row_key.clone(),
        path: if reject.path.is_empty() {
            "assistant".to_owned()
        } else {
            format!("assistant.{}", reject.path)
        },
        ..reject
    }));
}
