//! The first page of a walk, and how the API pages.

use super::account::ACCOUNT;
use super::campaign::CampaignPass;
use super::page::{PageError, PageReader, mark};
use crate::plan::{Discovery, Learned, Shape, Shown, WalkFacts};
use crate::wire::RowsPage;

impl CampaignPass {
    /// The first page, and how the API pages: as the account's other campaigns have shown, if that holds here;
    /// else found out.
    pub(super) async fn first_page(
        &self,
        reader: &PageReader,
    ) -> Result<(Shape, Option<RowsPage>), PageError> {
        let mut belied = None;
        // The lock is held while one campaign finds out, not while pages are read.
        let mut known = loop {
            let known = self.shared.shape.lock().await;
            let Some(shape) = *known else { break known };
            if belied == Some(shape) {
                break known;
            }
            drop(known);
            match reader.fetch(shape.ask(0)).await {
                Ok(answer) if fits(shape, &answer.body) => return Ok((shape, Some(answer.body))),
                Ok(_) => belied = Some(shape),
                Err(error) if error.is_bad_request() => belied = Some(shape),
                Err(error) => return Err(error.into()),
            }
        };
        let (shape, first) = discover(reader, self.mirror.settings.page_size).await?;
        *known = Some(shape);
        if let (Some(store), false) = (&self.mirror.store, self.options.dry_run) {
            store.save_shape(ACCOUNT, shape, self.mirror.clock.now()).await?;
        }
        Ok((shape, first))
    }

    /// Lets it be found out anew how the API pages, when a page held other than it had to: one answer that lied
    /// when it was first asked must not mislead every walk from then on.
    pub(super) async fn doubt_shape(&self, facts: &WalkFacts) {
        if facts.odd_page.is_some() {
            *self.shared.shape.lock().await = None;
        }
    }
}

/// Whether a first page is what the known shape leads to expect.
fn fits(shape: Shape, page: &RowsPage) -> bool {
    let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
    match (shape, page.total) {
        (Shape::Unpaged, total) => total.is_none(),
        (Shape::Paged { .. }, None) => false,
        (Shape::Paged { first_page, lone_page, .. }, Some(total)) => {
            let asked = first_page.unwrap_or(lone_page);
            rows == shape.expected_rows(0, total)
                && (first_page.is_some() || rows >= total)
                && page.page.is_none_or(|page| page == asked)
        }
    }
}

/// Asks until it is known how the API pages.
async fn discover(reader: &PageReader, page_size: u32) -> Result<(Shape, Option<RowsPage>), PageError> {
    let mut discovery = Discovery::new(page_size);
    loop {
        let answered = match reader.fetch(discovery.question()).await {
            Ok(answer) => Ok(answer.body),
            Err(error) if error.is_bad_request() => Err(error),
            Err(error) => return Err(error.into()),
        };
        let shown = match &answered {
            Ok(page) => Shown::Page {
                rows: u64::try_from(page.rows.len()).unwrap_or(u64::MAX),
                total: page.total,
                page: page.page,
                mark: mark(page, &reader.hasher),
            },
            Err(_) => Shown::Refused,
        };
        match (discovery.learn(shown), answered) {
            (Learned::Ask(ask), _) => tracing::debug!(?ask, "finding out how the API pages"),
            (Learned::Shape { shape, first_is_at_hand }, page) => {
                return Ok((shape, page.ok().filter(|_| first_is_at_hand)));
            }
            (Learned::Hopeless, Err(error)) => return Err(error.into()),
            (Learned::Hopeless, Ok(_)) => {}
        }
    }
}
