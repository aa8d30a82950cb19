//! The walk over an answer that holds everything: rows reach the database while the rest is still on its way.

use super::gathered::Gathered;
use super::page::{PageError, PageReader, PreparedPage};
use super::rows::Rows;
use super::walk::Walker;
use crate::wire::RowsPage;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

impl Walker<'_> {
    /// Walks an answer that holds everything, while it comes: one part is read while another is prepared and a third is
    /// committed. Its end tells how many rows there are.
    pub(super) async fn run_stream(&mut self, rows: Rows) -> Result<(), PageError> {
        let (mut parts, stages) = pour(rows, self.reader.clone());
        let mut gathered = Gathered::from(0);
        let mut index = 0;
        while let Some(part) = parts.recv().await {
            let Part { mut page, raw, position, odd_total } = match part {
                Ok(part) => part,
                // What has come stays.
                Err(error) => {
                    self.keep(index, gathered).await?;
                    return Err(error);
                }
            };
            if self.mirror.stop.is_cancelled() {
                return self.stop_at(index, gathered).await;
            }
            let Some(raw) = raw else {
                // An answer without pages that has a total is one with pages, unless it is all there is.
                if let Some(total) = odd_total.filter(|total| *total != self.walk.rows_seen) {
                    self.walk.odd_page = Some((1, total, self.walk.rows_seen));
                }
                self.walk.first_total = Some(self.walk.rows_seen);
                self.walk.next_page = index.max(1);
                return self.commit(gathered, self.walk.first_total).await;
            };
            if self.belies(&page) {
                let reader = PageReader { nothing_known: true, ..self.reader.clone() };
                page = reader.prepare(raw, position).await?;
            }
            self.take(index, page, &mut gathered);
            index += 1;
            if self.is_worth_a_commit(&gathered) {
                self.walk.next_page = index;
                self.commit(std::mem::replace(&mut gathered, Gathered::from(index)), None).await?;
            }
        }
        // The stages have ended without a word: one of them panicked.
        for stage in stages {
            stage.await?;
        }
        Err(PageError::Stopped)
    }
}

/// A part of an answer that holds everything, prepared.
struct Part {
    page: PreparedPage,
    /// As it came; none for what follows the last one.
    raw: Option<RowsPage>,
    /// Where its first row stands.
    position: u64,
    /// What the answer's end has said.
    odd_total: Option<u64>,
}

/// Reads and prepares an answer's parts, each stage a part ahead of the next: what nobody takes is not read.
fn pour(
    mut rows: Rows,
    reader: PageReader,
) -> (mpsc::Receiver<Result<Part, PageError>>, [AbortOnDropHandle<()>; 2]) {
    let (raw_in, mut raw) = mpsc::channel(1);
    let (parts_in, parts) = mpsc::channel(1);
    let download = tokio::spawn(async move {
        loop {
            let next = rows.next().await;
            let is_last = !matches!(next, Ok(Some(_)));
            let odd_total = rows.odd_total();
            if raw_in.send((next, odd_total)).await.is_err() || is_last {
                return;
            }
        }
    });
    let preparation = tokio::spawn(async move {
        let mut position = 0;
        while let Some((next, odd_total)) = raw.recv().await {
            let part = match next {
                Ok(Some(raw)) => {
                    let rows = u64::try_from(raw.rows.len()).unwrap_or(u64::MAX);
                    let prepared = reader.clone().prepare(raw.clone(), position).await;
                    let part = prepared.map(|page| Part { page, raw: Some(raw), position, odd_total: None });
                    position = position.saturating_add(rows);
                    part
                }
                Ok(None) => Ok(Part { page: PreparedPage::default(), raw: None, position, odd_total }),
                Err(error) => Err(error.into()),
            };
            if parts_in.send(part).await.is_err() {
                return;
            }
        }
    });
    (parts, [download, preparation].map(AbortOnDropHandle::new))
}
