//! A row of a campaign: the contact, and the call that it shows.

use super::fields::Fields;
use super::leave_out::leave_out;
use super::notes::{Notes, Path};
use super::repair::repair;
use super::values::IdFault;
use super::{DriftCounts, Options, RowRecords, call};
use crate::records::{Call, CampaignRow, Field};
use crate::wire::{Index, Indexed, Kind};
use std::borrow::Cow;

/// `index`: of the text, when it is at hand.
pub(super) fn normalize(
    json: &str,
    index: Option<&Index>,
    position: u64,
    options: &Options,
    drift: &mut DriftCounts,
) -> RowRecords {
    let (repaired, replaced) = repair(json);
    let left = leave_out(&repaired, options);
    let is_as_it_came = matches!((&repaired, &left), (Cow::Borrowed(_), Cow::Borrowed(_)));
    let own = if is_as_it_came { index.is_none() } else { true }.then(|| Index::of(&left));
    let index = own.as_ref().or(index);
    let json: &str = &left;
    let mut notes = Notes::on_row(format!("#{position}"));
    let past_call = options.retention.past_call(&repaired);
    let mut records = RowRecords { past_call, replaced, ..RowRecords::default() };
    match index.and_then(|index| Indexed::new(json, index).root()) {
        Some(object) => match read(&mut Fields::new(object, &mut notes), options) {
            Ok((row, call)) => {
                records.row = Some(row);
                records.call = call;
            }
            Err(fault) => notes.reject(&Path::Root, fault.to_string(), json),
        },
        None => notes.reject(&Path::Root, "it is not an object", json),
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
