//! `COPY` in Postgres' binary format: the fastest way for lines that are known to be new.
//!
//! Owns the format of values and lines, and the stream. Which lines are new is for others to know.

use super::StoreError;
use super::lines::Line;
use super::table::{Role, Target};
use crate::records::Time;
use crate::room::Room;
use chrono::{DateTime, NaiveTime, TimeDelta};
use futures::FutureExt;
use sqlx::PgConnection;

/// Bytes that are gathered before they are sent.
const SENT_AT_ONCE: usize = 128 * 1024;

/// What every stream begins with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with instead of a number of columns.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Postgres counts time from 2000-01-01T00:00:00Z.
const EPOCH: Time = DateTime::from_timestamp(946_684_800, 0).expect("the year 2000 is in range");

/// The type of the elements of `text[]`.
const TEXT_OID: u32 = 25;

/// One line being written, value by value.
pub(super) struct Values<'a>(&'a mut Vec<u8>);

impl Values<'_> {
    pub(super) fn null(&mut self) {
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// A value whose bytes are at hand.
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&length(bytes.len()));
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn bytea(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.null(),
        }
    }

    pub(super) fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.bytes(text.as_bytes()),
            None => self.null(),
        }
    }

    /// JSON, which is sent as text behind the version of this format.
    pub(super) fn jsonb(&mut self, json: Option<&str>) {
        match json {
            Some(json) => {
                self.0.extend_from_slice(&length(json.len() + 1));
                self.0.push(1);
                self.0.extend_from_slice(json.as_bytes());
            }
            None => self.null(),
        }
    }

    pub(super) fn texts(&mut self, list: Option<&Vec<String>>) {
        let Some(list) = list else { return self.null() };
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        // Dimensions, whether there are nulls, the elements' type; then length and lower bound of each dimension.
        self.0.extend_from_slice(&i32::from(!list.is_empty()).to_be_bytes());
        self.0.extend_from_slice(&0_i32.to_be_bytes());
        self.0.extend_from_slice(&TEXT_OID.to_be_bytes());
        if !list.is_empty() {
            self.0.extend_from_slice(&length(list.len()));
            self.0.extend_from_slice(&1_i32.to_be_bytes());
        }
        for text in list {
            self.bytes(text.as_bytes());
        }
        let written = self.0.len() - start - 4;
        if let Some(place) = self.0.get_mut(start..start + 4) {
            place.copy_from_slice(&length(written));
        }
    }

    pub(super) fn integer(&mut self, number: i32) {
        self.bytes(&number.to_be_bytes());
    }

    pub(super) fn bigint(&mut self, number: Option<&i64>) {
        match number {
            Some(number) => self.bytes(&number.to_be_bytes()),
            None => self.null(),
        }
    }

    pub(super) fn double(&mut self, number: Option<&f64>) {
        match number {
            Some(number) => self.bytes(&number.to_be_bytes()),
            None => self.null(),
        }
    }

    pub(super) fn boolean(&mut self, value: Option<&bool>) {
        match value {
            Some(value) => self.bytes(&[u8::from(*value)]),
            None => self.null(),
        }
    }

    pub(super) fn timestamptz(&mut self, time: Option<&Time>) {
        self.microseconds(time.map(|time| *time - EPOCH));
    }

    pub(super) fn time(&mut self, time: Option<&NaiveTime>) {
        self.microseconds(time.map(|time| *time - NaiveTime::MIN));
    }

    fn microseconds(&mut self, since: Option<TimeDelta>) {
        match since {
            // Every time that there is fits; one beyond would be refused by Postgres, and not wrap around.
            Some(since) => self.bytes(&since.num_microseconds().unwrap_or(i64::MAX - 1).to_be_bytes()),
            None => self.null(),
        }
    }
}

/// Lengths are signed in this format. One that does not fit is refused by Postgres.
fn length(length: usize) -> [u8; 4] {
    i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes()
}

/// A connection that is sent a `COPY`. The driver does not count that statement's answer, so that a connection whose
/// `COPY` is given up would read every later answer one too early. One that is dropped before the end is spoiled on
/// purpose: the pool, which tries each connection that comes back, then closes it.
struct Copying<'c> {
    connection: &'c mut PgConnection,
    has_ended: bool,
}

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let spoil = sqlx::raw_sql("do $$ begin raise exception 'a COPY was given up'; end $$");
            // The first step sends it; its answer, an error, is for the pool.
            let _ = spoil.execute(&mut *self.connection).now_or_never();
        }
    }
}

/// Writes lines whose keys are not in the table.
pub(super) async fn copy<R>(
    connection: &mut PgConnection,
    target: &Target<R>,
    lines: &[Line<'_, R>],
    now: Time,
    doing: &'static str,
) -> Result<(), StoreError> {
    let bookkeeping = bookkeeping(target, now);
    let lines = lines.iter().map(|line| {
        |buffer: &mut Vec<u8>| {
            write_line(target, line, buffer);
            buffer.extend_from_slice(&bookkeeping);
        }
    });
    send(connection, &target.statements.copy, lines, doing).await
}

/// The same of lines that were written by [`write_line`].
pub(super) async fn copy_written<'l, R>(
    connection: &mut PgConnection,
    target: &Target<R>,
    lines: impl ExactSizeIterator<Item = &'l [u8]>,
    now: Time,
    doing: &'static str,
) -> Result<(), StoreError> {
    let bookkeeping = bookkeeping(target, now);
    let lines = lines.map(|line| {
        |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(line);
            buffer.extend_from_slice(&bookkeeping);
        }
    });
    send(connection, &target.statements.copy, lines, doing).await
}

/// Columns of the bookkeeping, behind those of the record.
fn bookkeeping_columns<R>(target: &Target<R>) -> usize {
    if target.table.role == Role::Entity { 3 } else { 0 }
}

/// What every line of a statement ends with: when it was first seen and written, and that it is alive.
fn bookkeeping<R>(target: &Target<R>, now: Time) -> Vec<u8> {
    let mut bytes = Vec::new();
    if bookkeeping_columns(target) > 0 {
        let mut values = Values(&mut bytes);
        values.timestamptz(Some(&now));
        values.timestamptz(Some(&now));
        values.null();
    }
    bytes
}

/// Writes a line up to its bookkeeping.
pub(super) fn write_line<R>(target: &Target<R>, line: &Line<'_, R>, buffer: &mut Vec<u8>) {
    begin_line(buffer, target.table.columns.len() + bookkeeping_columns(target));
    (target.encode)(line, &mut Values(buffer));
}

/// Every line says how many values it has.
fn begin_line(buffer: &mut Vec<u8>, columns: usize) {
    buffer.extend_from_slice(&i16::try_from(columns).unwrap_or(i16::MAX).to_be_bytes());
}

/// Sends lines of so many columns, each of which writes its values, by a statement that takes them in.
pub(super) async fn copy_lines(
    connection: &mut PgConnection,
    statement: &str,
    columns: usize,
    lines: impl ExactSizeIterator<Item = impl FnOnce(&mut Values<'_>)>,
    doing: &'static str,
) -> Result<(), StoreError> {
    let lines = lines.map(|write| {
        move |buffer: &mut Vec<u8>| {
            begin_line(buffer, columns);
            write(&mut Values(buffer));
        }
    });
    send(connection, statement, lines, doing).await
}

/// Sends what each of `lines` writes.
async fn send(
    connection: &mut PgConnection,
    statement: &str,
    lines: impl ExactSizeIterator<Item = impl FnOnce(&mut Vec<u8>)>,
    doing: &'static str,
) -> Result<(), StoreError> {
    if lines.len() == 0 {
        return Ok(());
    }
    let mut copying = Copying { connection, has_ended: false };
    let mut stream = copying.connection.copy_in_raw(statement).await.map_err(StoreError::query(doing))?;
    let mut buffer = Room::of(SENT_AT_ONCE + SENT_AT_ONCE / 4);
    buffer.extend_from_slice(HEADER);
    for write in lines {
        write(&mut buffer);
        if buffer.len() >= SENT_AT_ONCE {
            stream.send(buffer.as_slice()).await.map_err(StoreError::query(doing))?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(&TRAILER);
    stream.send(buffer.as_slice()).await.map_err(StoreError::query(doing))?;
    let ended = stream.finish().await;
    copying.has_ended = true;
    ended.map(|_| ()).map_err(StoreError::query(doing))
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn values_have_the_form_that_postgres_reads() {
        let mut buffer = Vec::new();
        let mut values = Values(&mut buffer);
        values.text(Some("é"));
        values.text(None);
        values.jsonb(Some("{}"));
        values.boolean(Some(&true));
        values.integer(-2);
        values.texts(Some(&Vec::new()));
        values.texts(Some(&vec!["a".to_owned()]));
        let expected: Vec<u8> = [
            &[0, 0, 0, 2, 0xc3, 0xa9][..],
            &[255, 255, 255, 255],
            &[0, 0, 0, 3, 1, b'{', b'}'],
            &[0, 0, 0, 1, 1],
            &[0, 0, 0, 4, 255, 255, 255, 254],
            &[0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25],
            &[0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, b'a'],
        ]
        .concat();
        assert_eq!(buffer, expected);
    }
}
