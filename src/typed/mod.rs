//! The views of single campaigns and assistants: which columns they have, and what everything in them is called.
//!
//! Owns: names made from campaigns' names and from keys, and the plan that lays the columns there are beside the keys and
//! fields there are. Pure. Leaves to `store`: finding out the keys, and making the views; to `sync`: when.

mod columns;
mod names;
#[cfg(test)]
mod tests;

pub use columns::{MOST_COLUMNS, MOST_KEY_BYTES, Plan, plan};
pub use names::view_names;

use serde::{Deserialize, Serialize};

/// Whose view it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// A campaign's: a line a contact, with a column for every key and every field.
    Campaign,
    /// An assistant's: a line a call, with a column for every field.
    Assistant,
}

impl OwnerKind {
    /// Its name in `revox_sync.typed_views`; in the plural it ends the name of the schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Assistant => "assistant",
        }
    }

    /// From its name in a statement's answer.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name == "assistant" { Self::Assistant } else { Self::Campaign }
    }

    /// The schema of its views.
    #[must_use]
    pub fn schema(self) -> &'static str {
        match self {
            Self::Campaign => "revox_campaigns",
            Self::Assistant => "revox_assistants",
        }
    }

    /// `a campaign's` or `an assistant's`, for what is said of a view.
    #[must_use]
    pub fn possessive(self) -> &'static str {
        match self {
            Self::Campaign => "a campaign's",
            Self::Assistant => "an assistant's",
        }
    }

    /// The columns that each of its views begins with.
    pub(crate) fn fixed_columns(self) -> &'static [&'static str] {
        match self {
            Self::Campaign => &[
                "row_id",
                "row_index",
                "phone_number",
                "call_id",
                "status",
                "result",
                "attempts",
                "last_attempt_at",
                "input_data",
                "structured_output",
            ],
            Self::Assistant => &[
                "call_id",
                "campaign_id",
                "campaign_name",
                "phone_number",
                "status",
                "result",
                "attempts",
                "first_attempt_at",
                "last_attempt_at",
                "structured_output",
            ],
        }
    }
}

/// Who has a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// A campaign or an assistant.
    pub kind: OwnerKind,
    /// Its id.
    pub id: &'a str,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `input_data` of the contact.
    Input,
    /// `structured_output` of the call.
    Output,
}

impl Source {
    /// Its name in `revox_sync.typed_views`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    /// From its name in a statement's answer.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name == "output" { Self::Output } else { Self::Input }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Any value, as it is written.
    Text,
    /// Numbers.
    Numeric,
    /// Truth values.
    Boolean,
    /// Days.
    Date,
    /// Moments.
    Timestamptz,
}

impl ColumnType {
    /// Its name in Postgres.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamptz => "timestamptz",
        }
    }
}

/// A column of a view, behind the fixed ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name: at most 63 bytes.
    pub name: String,
    /// Where its values come from.
    pub source: Source,
    /// Under which key.
    pub key: String,
    /// As which type.
    pub r#type: ColumnType,
    /// What is said of it.
    pub comment: String,
}

/// A field that an assistant is to find out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Field {
    /// Its name: a key of `structured_output`.
    pub name: Option<String>,
    /// `string`, `number`, `boolean`, `enum`, `date`, `datetime`, or what the API has added since.
    pub r#type: Option<String>,
    /// In the words of its author.
    pub description: Option<String>,
    /// What an `enum` may be.
    pub enum_options: Option<Vec<String>>,
}

/// A key that was seen, and what its values were, null apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeenValues {
    /// Numbers.
    pub numbers: bool,
    /// Truth values.
    pub booleans: bool,
    /// Anything else.
    pub others: bool,
}

impl SeenValues {
    /// Adds what was seen elsewhere.
    pub fn add(&mut self, other: Self) {
        self.numbers |= other.numbers;
        self.booleans |= other.booleans;
        self.others |= other.others;
    }

    /// The type of a column that nothing else tells the type of.
    fn column_type(self) -> ColumnType {
        match (self.numbers, self.booleans, self.others) {
            (true, false, false) => ColumnType::Numeric,
            (false, true, false) => ColumnType::Boolean,
            _ => ColumnType::Text,
        }
    }
}

/// What kind of thing could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The key has no column.
    LeftOut,
    /// The field has another type than its column.
    TypeKept,
}

/// Something that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impossible {
    /// Of what kind.
    pub obstacle: Obstacle,
    /// Where the key stands.
    pub source: Source,
    /// The key, cut where it is long.
    pub key: String,
    /// Why, in plain words.
    pub why: String,
}
