//! What a webhook's body hints at. Pure; the body goes no further.

use super::Hint;
use serde_json::Value;

/// Places where services put the campaign's id.
const PLACES: [&str; 8] = [
    "/campaign_id",
    "/campaign/id",
    "/call/campaign_id",
    "/row/campaign_id",
    "/data/campaign_id",
    "/data/campaign/id",
    "/data/call/campaign_id",
    "/data/row/campaign_id",
];

/// An id longer than this is none.
const LONGEST_ID: usize = 200;

/// The campaign that a body names; all of them, when it names none.
pub(super) fn hint_of(body: &[u8]) -> Hint {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = PLACES.iter().find_map(|place| json.pointer(place)?.as_str());
    match named.map(str::trim).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID) {
        Some(id) => Hint::Campaign(id.to_owned()),
        None => Hint::All,
    }
}

#[cfg(test)]
mod tests {
    use super::{Hint, hint_of};

    #[test]
    fn a_body_names_a_campaign_or_hints_at_all() {
        let campaign = Hint::Campaign("c1".to_owned());
        for (body, expected) in [
            (r#"{"campaign_id":"c1"}"#, campaign.clone()),
            (r#"{"campaign":{"id":" c1 "}}"#, campaign.clone()),
            (r#"{"event":"call.ended","data":{"call":{"id":"x","campaign_id":"c1"}}}"#, campaign),
            (r#"{"campaign_id":7}"#, Hint::All),
            (r#"{"campaign_id":""}"#, Hint::All),
            ("[]", Hint::All),
            ("no json", Hint::All),
            ("", Hint::All),
        ] {
            assert_eq!(hint_of(body.as_bytes()), expected, "{body}");
        }
        let long = format!(r#"{{"campaign_id":"{}"}}"#, "c".repeat(201));
        assert_eq!(hint_of(long.as_bytes()), Hint::All);
    }
}
