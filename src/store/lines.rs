//! Lines: records on their way into a table's columns, one array a column.
//!
//! Owns the macro by which `tables` declares where each column comes from. How a table's statements are made is
//! said in `table`.

use super::statement::query;
use super::table::PgQuery;
use crate::records::Field;
use sqlx::AssertSqlSafe;

/// One line to be written: a record, with what it does not know of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a, R> {
    /// The id of the owner (parts), or of the campaign or call (entities).
    pub(super) owner: &'a str,
    /// The place in the owner's list (parts).
    pub(super) index: i32,
    /// The record.
    pub(super) record: &'a R,
}

/// A query of a statement that this program has put together from constants, free of anyone's data.
pub(super) fn own<'q>(statement: &str) -> PgQuery<'q> {
    query(AssertSqlSafe(statement.to_owned()))
}

/// A column's value within a record.
pub(super) trait Cell<T> {
    /// The value, if there is one.
    fn get(&self) -> Option<&T>;
    /// Whether the answer does not show it.
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Cell<T> for Option<T> {
    fn get(&self) -> Option<&T> {
        self.as_ref()
    }
}

impl<T> Cell<T> for Field<T> {
    fn get(&self) -> Option<&T> {
        self.value()
    }
    fn is_absent(&self) -> bool {
        Field::is_absent(self)
    }
}

/// Declares a table: a static with its statements, and with how lines are bound to them.
///
/// `keys` are given with an expression on the line; `fields` are fields of the record of the same name.
macro_rules! table {
    (
        $(#[$doc:meta])*
        $static:ident: $record:ty => $name:literal, $role:ident,
        keys { $($key:ident: $key_kind:ident = |$key_line:ident| $key_value:expr,)+ }
        given { $($given:ident: $given_kind:ident = |$given_line:ident| $given_value:expr,)* }
        fields { $($field:ident: $kind:ident,)+ }
        $(replace_if $replace_if:literal)?
        $(yields_if $yields_if:literal)?
        $(same_if $same_if:literal)?
        $(owner $owner:literal)?
    ) => {
        $(#[$doc])*
        pub(super) static $static: LazyLock<Target<$record>> = LazyLock::new(|| {
            fn bind<'q>(mut query: PgQuery<'q>, lines: &[Line<'_, $record>], now: Time) -> PgQuery<'q> {
                $(query = bind_column!(query, lines, $key_kind, |$key_line| $key_value);)+
                $(query = bind_column!(query, lines, $given_kind, |$given_line| $given_value);)*
                $(query = bind_column!(query, lines, $kind, |line| line.record.$field);)+
                query = bind_column!(query, lines, Jsonb, |line| line.record.extra);
                let keeps = Role::$role == Role::Entity || <[&str]>::len(&[$($same_if)?]) > 0;
                if keeps {
                    let given = <[&str]>::len(&[$(stringify!($given)),*]);
                    query = query.bind(lines.iter().map(|line| {
                        let mut bits = 0_i64;
                        let mut bit = 1_i64 << given;
                        $(
                            if absent!($kind, line.record.$field) {
                                bits |= bit;
                            }
                            bit <<= 1;
                        )+
                        let _ = bit;
                        bits
                    }).bind_iter());
                }
                if Role::$role == Role::Entity {
                    query = query.bind(now);
                }
                query
            }

            fn encode(line: &Line<'_, $record>, values: &mut Values<'_>) {
                $({ let $key_line = line; encode_value!(values, $key_kind, $key_value); })+
                $({ let $given_line = line; encode_value!(values, $given_kind, $given_value); })*
                $(encode_value!(values, $kind, line.record.$field);)+
                encode_value!(values, Jsonb, line.record.extra);
            }

            let table = Table {
                name: $name,
                role: Role::$role,
                key_columns: [$(stringify!($key)),+].len(),
                columns: &[
                    $(Column { name: stringify!($key), kind: Kind::$key_kind },)+
                    $(Column { name: stringify!($given), kind: Kind::$given_kind },)*
                    $(Column { name: stringify!($field), kind: Kind::$kind },)+
                    Column { name: "_extra", kind: Kind::Jsonb },
                ],
                replace_if: None$(.or(Some($replace_if)))?,
                yields_if: None$(.or(Some($yields_if)))?,
                same_if: None$(.or(Some($same_if)))?,
                owner: None$(.or(Some($owner)))?,
            };
            let statements = table.statements();
            Target { table, statements, bind, encode }
        });
    };
}

/// Writes one value of a line for `COPY`.
macro_rules! encode_value {
    ($values:expr, Key, $value:expr) => {
        $values.text(Some($value))
    };
    ($values:expr, Index, $value:expr) => {
        $values.integer($value)
    };
    ($values:expr, Text, $value:expr) => {
        $values.text(Cell::<String>::get(&$value).map(String::as_str))
    };
    ($values:expr, SignedUrl, $value:expr) => {
        encode_value!($values, Text, $value)
    };
    ($values:expr, RetryConfig, $value:expr) => {
        encode_value!($values, Text, $value)
    };
    ($values:expr, Jsonb, $value:expr) => {
        $values.jsonb(Cell::<JsonText>::get(&$value).map(|json| json.0.as_str()))
    };
    ($values:expr, Texts, $value:expr) => {
        $values.texts(Cell::<Vec<String>>::get(&$value))
    };
    ($values:expr, Bigint, $value:expr) => {
        $values.bigint(Cell::<i64>::get(&$value))
    };
    ($values:expr, Double, $value:expr) => {
        $values.double(Cell::<f64>::get(&$value))
    };
    ($values:expr, Boolean, $value:expr) => {
        $values.boolean(Cell::<bool>::get(&$value))
    };
    ($values:expr, Timestamptz, $value:expr) => {
        $values.timestamptz(Cell::<Time>::get(&$value))
    };
    ($values:expr, Time, $value:expr) => {
        $values.time(Cell::<NaiveTime>::get(&$value))
    };
}

/// Binds one column of a batch as an array.
macro_rules! bind_column {
    ($query:expr, $lines:expr, Text, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<String>::get(&$value).map(String::as_str)).bind_iter())
    };
    ($query:expr, $lines:expr, SignedUrl, |$line:ident| $value:expr) => {
        bind_column!($query, $lines, Text, |$line| $value)
    };
    ($query:expr, $lines:expr, RetryConfig, |$line:ident| $value:expr) => {
        bind_column!($query, $lines, Text, |$line| $value)
    };
    ($query:expr, $lines:expr, Key, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| $value).bind_iter())
    };
    ($query:expr, $lines:expr, Index, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| $value).bind_iter())
    };
    ($query:expr, $lines:expr, Jsonb, |$line:ident| $value:expr) => {
        $query.bind(
            $lines.iter().map(|$line| Cell::<JsonText>::get(&$value).map(|json| json.0.as_str())).bind_iter(),
        )
    };
    ($query:expr, $lines:expr, Texts, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<Vec<String>>::get(&$value).map(json_list)).bind_iter())
    };
    ($query:expr, $lines:expr, Bigint, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<i64>::get(&$value).copied()).bind_iter())
    };
    ($query:expr, $lines:expr, Double, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<f64>::get(&$value).copied()).bind_iter())
    };
    ($query:expr, $lines:expr, Boolean, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<bool>::get(&$value).copied()).bind_iter())
    };
    ($query:expr, $lines:expr, Timestamptz, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<Time>::get(&$value).copied()).bind_iter())
    };
    ($query:expr, $lines:expr, Time, |$line:ident| $value:expr) => {
        $query.bind($lines.iter().map(|$line| Cell::<NaiveTime>::get(&$value).copied()).bind_iter())
    };
}

/// Whether a field of a record is not shown by the answer.
macro_rules! absent {
    (Text, $value:expr) => {
        Cell::<String>::is_absent(&$value)
    };
    (SignedUrl, $value:expr) => {
        Cell::<String>::is_absent(&$value)
    };
    (RetryConfig, $value:expr) => {
        Cell::<String>::is_absent(&$value)
    };
    (Jsonb, $value:expr) => {
        Cell::<JsonText>::is_absent(&$value)
    };
    (Texts, $value:expr) => {
        Cell::<Vec<String>>::is_absent(&$value)
    };
    (Bigint, $value:expr) => {
        Cell::<i64>::is_absent(&$value)
    };
    (Double, $value:expr) => {
        Cell::<f64>::is_absent(&$value)
    };
    (Boolean, $value:expr) => {
        Cell::<bool>::is_absent(&$value)
    };
    (Timestamptz, $value:expr) => {
        Cell::<Time>::is_absent(&$value)
    };
    (Time, $value:expr) => {
        Cell::<NaiveTime>::is_absent(&$value)
    };
}

pub(super) use {absent, bind_column, encode_value, table};
