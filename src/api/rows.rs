//! The rows of an answer that is read as it comes.
//!
//! Owns: reading no further than is wanted, and what a body that ends too early means. Leaves to `wire`: where a row ends.

use super::ApiError;
use super::exchange::Body;
use super::gate::Permit;
use crate::wire::{RowSplitter, RowsPage, ShapeError};
use chrono::{DateTime, Utc};

/// An answer's rows, part by part. What is not read yet waits at the other end: a slow reader slows the download.
#[derive(Debug)]
pub struct RowStream {
    body: Body,
    /// None once the end was read.
    splitter: Option<RowSplitter>,
    /// What went wrong, once the rows that had come before it are taken.
    broken: Option<ApiError>,
    total: Option<u64>,
    /// A page may have so many bytes, and a row of an answer without pages.
    max_bytes: usize,
    /// Given back when the answer has been read or is dropped.
    permit: Option<Permit>,
}

fn malformed(error: ShapeError) -> ApiError {
    ApiError::Malformed { what: error.what }
}

impl RowStream {
    pub(super) fn new(body: Body, permit: Option<Permit>, max_bytes: usize) -> Self {
        Self { body, splitter: Some(RowSplitter::default()), broken: None, total: None, max_bytes, permit }
    }

    /// When the answer was given, by the API's clock.
    #[must_use]
    pub fn date(&self) -> Option<DateTime<Utc>> {
        self.body.date
    }

    /// The `total` that the answer gives, once it has been read.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The next rows: at least so many, or so many bytes of them, or all that are left; none after the last.
    ///
    /// # Errors
    /// When the answer breaks off, is none, or has a row that is too long. What was returned before stands.
    pub async fn next(&mut self, rows: usize, bytes: usize) -> Result<Option<RowsPage>, ApiError> {
        self.broken.take().map_or(Ok(()), Err)?;
        loop {
            let Some(splitter) = &mut self.splitter else { return Ok(None) };
            let held = splitter.rows_held();
            if held >= rows.max(1) || held > 0 && splitter.bytes_held() >= bytes {
                return Ok(Some(splitter.take()));
            }
            if held == 0 && splitter.bytes_held() > self.max_bytes {
                return Err(ApiError::TooLarge { max_bytes: self.max_bytes });
            }
            let went = match self.body.piece().await {
                Ok(Some(piece)) => splitter.push(&piece).map_err(malformed),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            if let Err(error) = went {
                let page = splitter.take();
                if page.rows.is_empty() {
                    return Err(error);
                }
                self.broken = Some(error);
                return Ok(Some(page));
            }
        }
        let Some(mut splitter) = self.splitter.take() else { return Ok(None) };
        let last = splitter.take();
        match splitter.finish() {
            Ok(page) => self.total = page.total,
            Err(error) if last.rows.is_empty() => return Err(malformed(error)),
            Err(error) => {
                self.broken = Some(malformed(error));
                return Ok(Some(last));
            }
        }
        if let Some(permit) = self.permit.take() {
            permit.recover();
        }
        Ok(Some(last).filter(|page| !page.rows.is_empty()))
    }

    /// The whole answer; or as much of it as shows more rows than `most` without a total that would explain them.
    pub(super) async fn gather(mut self, most: usize) -> Result<Gathered, ApiError> {
        let Some(mut splitter) = self.splitter.take() else {
            return Err(malformed(ShapeError { what: String::new() }));
        };
        splitter
            .expect(self.body.length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
        let mut read: usize = 0;
        while let Some(piece) = self.body.piece().await? {
            read = read.saturating_add(piece.len());
            splitter.push(&piece).map_err(malformed)?;
            if splitter.rows_held() > most && splitter.total().is_none() {
                return Ok(Gathered { splitter, most, is_cut: true });
            }
            if read > self.max_bytes {
                return Err(ApiError::TooLarge { max_bytes: self.max_bytes });
            }
        }
        Ok(Gathered { splitter, most, is_cut: false })
    }
}

/// An answer that has come, and whose rows are still to be found.
pub(super) struct Gathered {
    splitter: RowSplitter,
    most: usize,
    is_cut: bool,
}

impl Gathered {
    /// All rows as one page; cut when there are more than were wanted and no total that would explain them, whether there is more
    /// to be read or not.
    pub(super) fn into_page(mut self) -> Result<RowsPage, ApiError> {
        if self.is_cut {
            return Ok(RowsPage { is_cut: true, ..self.splitter.take() });
        }
        let page = self.splitter.finish().map_err(malformed)?;
        let is_cut = page.rows.len() > self.most && page.total.is_none();
        Ok(RowsPage { is_cut, ..page })
    }
}
