//! One mechanism for writing any table: a batch of lines becomes one array a column, one `unnest`, one
//! statement that writes only what differs.
//!
//! Owns the SQL. Which columns a table has, and where each comes from, is said in `tables`.
//!
//! Lines that did not change are kept away from `on conflict` by the join, since an `on conflict` that does
//! nothing still locks, and so writes, the row that it finds.

use super::copy::Values;
use super::lines::{Line, own};
use crate::records::Time;
use sqlx::postgres::PgArguments;
use std::fmt::Write as _;

/// How a column travels: the element type of its array, and the expression that makes the column's type of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `text` that is always there: an id, the id of an owner.
    Key,
    /// `integer` that is always there: a place in a list.
    Index,
    /// `text`.
    Text,
    /// `text`, the id of a retry configuration: a copy that does not show all of the stored one is no change.
    RetryConfig,
    /// `text` holding a URL that is signed afresh on every read: a new query string alone is no change.
    SignedUrl,
    /// `bigint`.
    Bigint,
    /// `double precision`.
    Double,
    /// `boolean`.
    Boolean,
    /// `timestamptz`.
    Timestamptz,
    /// `time`.
    Time,
    /// `jsonb`, sent as text. Compared as text too: `1.1` and `1.10` are equal to `jsonb` and not to a reader.
    Jsonb,
    /// `text[]`, sent as a JSON list, since `unnest` flattens arrays of arrays.
    Texts,
}

impl Kind {
    fn element(self) -> &'static str {
        match self {
            Self::Key | Self::Text | Self::RetryConfig | Self::SignedUrl | Self::Jsonb | Self::Texts => {
                "text"
            }
            Self::Bigint => "bigint",
            Self::Index => "integer",
            Self::Double => "double precision",
            Self::Boolean => "boolean",
            Self::Timestamptz => "timestamptz",
            Self::Time => "time",
        }
    }

    /// The expression that makes the column's value of the array's element `name` of `i`, over the stored one of `t`.
    fn read(self, name: &str) -> String {
        let value = format!("i.{name}");
        match self {
            // How the two halves of such an id are made is said in `normalize::retry`.
            Self::RetryConfig => format!(
                "case when right({value}, 16) = '0000000000000000' and left({value}, 16) = left(t.{name}, 16) \
                 then t.{name} else {value} end"
            ),
            Self::Jsonb => format!("{value}::jsonb"),
            Self::Texts => format!(
                "case when {value} is not null then array(select jsonb_array_elements_text({value}::jsonb)) end"
            ),
            _ => value,
        }
    }

    /// The expression by which two values of the column are told apart.
    fn compared(self, value: &str) -> String {
        match self {
            Self::Jsonb => format!("{value}::text"),
            Self::SignedUrl => format!("split_part({value}, '?', 1)"),
            _ => value.to_owned(),
        }
    }
}

/// A column and how it travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

impl Column {
    /// The name without the mark of a raw identifier, quoted.
    fn quoted(&self) -> String {
        format!("\"{}\"", self.name.trim_start_matches("r#"))
    }
}

/// What a table is to the mirror, which decides its bookkeeping columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Has `_first_seen_at`, `_synced_at` and `_deleted_at`, and keeps what an answer does not show.
    Entity,
    /// Replaced with its owner.
    Part,
}

/// A table, as far as writing needs to know it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) role: Role,
    /// How many of the first columns are the key.
    pub(super) key_columns: usize,
    /// Every column but the bookkeeping, `_extra` last.
    pub(super) columns: &'static [Column],
    /// A condition on `i` (incoming) and `t` (stored) under which a stored line may be replaced.
    pub(super) replace_if: Option<&'static str>,
    /// A condition on `i` and `t` under which an incoming line yields to the stored one; those are reported.
    pub(super) yields_if: Option<&'static str>,
    /// A condition on `i` and `t` under which a part is still the same one, so that it keeps what an answer does not
    /// show.
    pub(super) same_if: Option<&'static str>,
    /// The column that tells whose a line is, where that can change; the former owners are reported.
    pub(super) owner: Option<&'static str>,
}

/// The statements of a table, made once.
pub(super) struct Statements {
    /// Writes what is new or differs; returns `(inserted, updated, contested keys, former owners, written, first keys of
    /// the parts that are new or differ)`.
    pub(super) upsert: String,
    /// Takes in lines that are known to be new, in the binary format.
    pub(super) copy: String,
    /// Which of `$1`, values of the first key, are there.
    pub(super) existing: String,
    /// Notes that the content of `$1` has changed at `$2`; of entities.
    pub(super) touch: String,
}

/// A query on its way to Postgres.
pub(super) type PgQuery<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// A table with its statements, and how a record becomes one of its lines.
pub(super) struct Target<R> {
    pub(super) table: Table,
    pub(super) statements: Statements,
    /// Binds lines to the upsert, one array a column.
    pub(super) bind: for<'q, 'l> fn(PgQuery<'q>, &[Line<'l, R>], Time) -> PgQuery<'q>,
    /// Writes one line for `COPY`, without the bookkeeping.
    pub(super) encode: for<'l> fn(&Line<'l, R>, &mut Values<'_>),
}

impl<R> Target<R> {
    /// The upsert of lines, each key once.
    pub(super) fn upsert<'q>(&self, lines: &[Line<'_, R>], now: Time) -> PgQuery<'q> {
        (self.bind)(own(&self.statements.upsert), lines, now)
    }
}

impl Table {
    fn keys(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().take(self.key_columns)
    }

    fn values(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().skip(self.key_columns)
    }

    fn is_entity(&self) -> bool {
        self.role == Role::Entity
    }

    /// Whether lines keep what an answer does not show.
    fn keeps(&self) -> bool {
        self.is_entity() || self.same_if.is_some()
    }

    /// `from unnest($1::text[], ...) as i("id", ...)`, with a bit set of absent columns at the end where lines keep them.
    fn source(&self) -> String {
        let mut arrays = String::new();
        let mut names = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(arrays, "{comma}${}::{}[]", index + 1, column.kind.element());
            let _ = write!(names, "{comma}{}", column.quoted());
        }
        if self.keeps() {
            let _ = write!(arrays, ", ${}::bigint[]", self.columns.len() + 1);
            names.push_str(", absent");
        }
        format!("unnest({arrays}) as i({names})")
    }

    /// `$n` of the moment at which the batch is written, for entities.
    fn now(&self) -> String {
        format!("${}::timestamptz", self.columns.len() + 2)
    }

    fn target_columns(&self) -> String {
        let mut list = join(self.columns.iter().map(Column::quoted), ", ");
        if self.is_entity() {
            list.push_str(", _first_seen_at, _synced_at, _deleted_at");
        }
        list
    }

    fn on_conflict(&self) -> String {
        let keys = join(self.keys().map(Column::quoted), ", ");
        let mut set: Vec<String> =
            self.values().map(|column| format!("{0} = excluded.{0}", column.quoted())).collect();
        if self.is_entity() {
            set.push("_synced_at = excluded._synced_at".to_owned());
            set.push("_deleted_at = null".to_owned());
        }
        // A line that came meanwhile, and to which this one yields, stays: it is missed in the count of those written.
        let stays = self.yields_if.map_or(String::new(), |condition| {
            format!(" where ({}) is not true", condition.replace(" i.", " excluded."))
        });
        format!("on conflict ({keys}) do update set {}{stays}", set.join(", "))
    }

    /// The statements of this table.
    pub(super) fn statements(&self) -> Statements {
        Statements {
            upsert: self.upsert(),
            copy: self.copy(),
            existing: self.existing(),
            touch: self.touch(),
        }
    }

    fn upsert(&self) -> String {
        let keys_match = join(self.keys().map(|column| format!("t.{0} = i.{0}", column.quoted())), " and ");
        let first_key = self.keys().next().map(Column::quoted).unwrap_or_default();
        let mut merged: Vec<String> = Vec::new();
        let mut stored: Vec<String> = Vec::new();
        let mut incoming: Vec<String> = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let name = column.quoted();
            let read = column.kind.read(&name);
            if index < self.key_columns {
                merged.push(format!("i.{name}"));
                continue;
            }
            let bit = 1_i64 << (index - self.key_columns);
            let value = if self.keeps() && column.name != "_extra" {
                let same = self.same_if.map_or(String::new(), |condition| format!(" and {condition}"));
                format!("case when i.absent & {bit} <> 0{same} then t.{name} else {read} end")
            } else {
                read
            };
            stored.push(column.kind.compared(&format!("t.{name}")));
            incoming.push(column.kind.compared(&format!("({value})")));
            merged.push(format!("{value} as {name}"));
        }
        let differs = format!("({}) is distinct from ({})", stored.join(", "), incoming.join(", "));
        let dead = if self.is_entity() { "t._deleted_at is not null or " } else { "" };
        let allowed = self.replace_if.map_or(String::new(), |condition| format!(" and ({condition})"));
        let yields = self.yields_if.unwrap_or("false");
        let former = self.owner.map_or("null::text".to_owned(), |owner| {
            format!("case when t.{owner} <> i.{owner} then t.{owner} end")
        });
        let columns = join(self.columns.iter().map(Column::quoted), ", ");
        let (first, bookkeeping, changed) = if self.is_entity() {
            (format!("{}, {}, null::timestamptz", self.now(), self.now()), ", ", "null::text[]".to_owned())
        } else {
            let changed = format!("array_agg(distinct {first_key}) filter (where is_to_be_written)");
            (String::new(), "", changed)
        };
        format!(
            "with merged as materialized (\n\
             select {merged},\n\
             {former} as former_owner,\n\
             t.{first_key} is null as is_new,\n\
             t.{first_key} is not null and ({yields}) as yields,\n\
             t.{first_key} is null or (({dead}{differs}){allowed}) as is_to_be_written\n\
             from {source}\n\
             left join {table} t on {keys_match}\n\
             ), written as (\n\
             insert into {table} as t ({targets})\n\
             select {columns}{bookkeeping}{first} from merged where is_to_be_written and not yields\n\
             {on_conflict}\n\
             returning 1\n\
             )\n\
             select count(*) filter (where is_new),\n\
             count(*) filter (where is_to_be_written and not is_new and not yields),\n\
             array_agg({first_key}) filter (where yields),\n\
             array_agg(former_owner) filter (where former_owner is not null and not yields),\n\
             (select count(*) from written),\n\
             {changed}\n\
             from merged",
            merged = merged.join(", "),
            source = self.source(),
            table = self.name,
            targets = self.target_columns(),
            on_conflict = self.on_conflict(),
        )
    }

    fn copy(&self) -> String {
        format!("copy {} ({}) from stdin with (format binary)", self.name, self.target_columns())
    }

    fn touch(&self) -> String {
        let key = self.keys().next().map(Column::quoted).unwrap_or_default();
        format!("update {} set _synced_at = $2 where {key} = any($1) and _synced_at <> $2", self.name)
    }

    fn existing(&self) -> String {
        let key = self.keys().next().map(Column::quoted).unwrap_or_default();
        format!("select {key} from {} where {key} = any($1)", self.name)
    }
}

fn join(items: impl Iterator<Item = String>, separator: &str) -> String {
    items.collect::<Vec<_>>().join(separator)
}
