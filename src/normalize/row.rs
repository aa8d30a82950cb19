//! A row of a campaign: the contact, and the call that it shows.

use super::fields::Fields;
use super::leave_out::leave_out;
use super::notes::{Notes, Path};
use super::repair::repair;
use super::values::IdFault;
use super::{DriftCounts, Options, RowRecords, call};
use crate::records::{Call, CampaignRow, Field};
use crate::wire::{Kind, Object};

pub(super) fn normalize(json: &str, position: u64, options: &Options, drift: &mut DriftCounts) -> RowRecords {
    let (repaired, replaced) = repair(json);
    let json = leave_out(&repaired, options);
    let mut notes = Notes::on_row(format!("#{position}"));
    let past_call = options.retention.past_call(&repaired);
    let mut records = RowRecords { past_call, replaced, ..RowRecords::default() };
    match Object::read(&json) {
        Some(object) => match read(&mut Fields::new(object, &mut notes), options) {
            Ok((row, call)) => {
                records.row = Some(row);
                records.call = call;
            }
            Err(fault) => notes.reject(&Path::Root, fault.to_string(), &json),
        },
        None => notes.reject(&Path::Root, "it is not an object", &json),
    }
    let id = notes.row_key.clone();
    notes.count_drift(&id, drift);
    records.call_retry_configs = notes.call_retry_configs;
    records.rejects = notes.rejects;
    records
}

fn read(fields: &mut Fields<'_, '_>, options: &Options) -> Result<(CampaignRow, Option<Call>), IdFault> {
    let id = fields.own_id()?;
    fields.notes.row_key.clone_from(&id);
    let call = fields.child_or_reject("call", |call| call::read(call, options));
    let row = CampaignRow {
        id,
        row_index: fields.integer("row_index"),
        phone_number: fields.phone_number("phone_number"),
        input_data: fields.json("input_data", &[Kind::Object]),
        call_id: match &call {
            Field::Value(call) => Field::Value(call.id.clone()),
            Field::Null => Field::Null,
            Field::Absent => Field::Absent,
        },
        extra: fields.finish(&[]),
    };
    let call = match call {
        Field::Value(call) => Some(call),
        Field::Null | Field::Absent => None,
    };
    Ok((row, call))
}
