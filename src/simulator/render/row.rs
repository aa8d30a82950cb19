//! The JSON of a row, but for its call.

use super::Look;
use crate::simulator::campaign::Row;
use crate::simulator::texts::people::Person;

/// A row as far as the value of its `call`, or (without a call) the whole of it.
pub(in crate::simulator) fn row_head(look: Look, row: &Row) -> String {
    let person = Person::of(row.person);
    let mut json = look.json();
    json.object(|json| {
        json.field("id", &row.id);
        json.object_field("input_data", |json| {
            json.field("first_name", person.first_name);
            json.field("last_name", person.last_name);
            match row.person % 4 {
                0 => json.field("company", person.company),
                1 => {
                    json.field("Ville de résidence", person.city);
                    json.field(
                        "notes",
                        format!("Rappel \"urgent\"\n→ {}\\{}", person.language.tag, person.job_title),
                    );
                }
                2 => json.field("email", &person.email),
                _ => {
                    json.field("🏷️ segment", "prospect – relance");
                    json.field("montant_ht", format!("{},50", row.person % 10_000));
                    json.field("", "");
                }
            }
            if row.revision > 0 {
                json.field("comment", format!("edited {} times", row.revision));
            }
        });
        json.field("phone_number", &row.phone_number);
        json.count_field("row_index", row.index);
        if row.call.is_some() {
            json.key("call");
        } else if row.person.is_multiple_of(2) {
            json.raw(r#","call":null"#);
        }
    });
    let mut text = json.into_text();
    if row.call.is_some() {
        text.pop();
    }
    text
}
