//! The first page of a walk, and how the API pages.

use super::campaign::CampaignPass;
use super::page::{PageError, PageReader, mark};
use super::rows::{Rows, ask_rows, fetch_page};
use crate::api::{ApiError, Client};
use crate::normalize::{self, Hasher};
use crate::plan::{Ask, Discovery, Learned, Shape, Shown, WalkFacts};
use crate::wire::RowsPage;

/// A first page has no more bytes than this where fewer rows can be asked for: pages are held as a whole, several at once.
const MODEST_BYTES: usize = 4 << 20;

/// The first answer of a campaign's walk, and how the API pages: as `known`, if that holds here; else found out with pages
/// of `page_size` at most. There is none when another question was the last.
pub async fn first_rows(
    client: &Client,
    campaign_id: &str,
    known: Option<Shape>,
    page_size: u32,
) -> Result<(Shape, Option<Rows>), ApiError> {
    if let Some(shape) = known {
        match as_known(client, campaign_id, shape).await {
            Ok(Some(rows)) => return Ok((shape, Some(rows))),
            Err(error) if !error.is_bad_request() => return Err(error),
            Ok(None) | Err(_) => {}
        }
    }
    // Marks are only laid beside each other here, so that any key is good.
    let hasher = Hasher::new(&rand::random(), &normalize::Options::default());
    Box::pin(discover(client, campaign_id, &hasher, page_size, None)).await
}

/// The first answer, when it is what the known shape leads to expect.
async fn as_known(client: &Client, campaign_id: &str, shape: Shape) -> Result<Option<Rows>, ApiError> {
    // An answer without pages tells at its end alone whether it was one.
    if shape == Shape::Unpaged {
        return ask_rows(client, campaign_id, Ask::Everything).await.map(Some);
    }
    Ok(fetch_first(client, campaign_id, shape).await?.map(|page| Rows::Page(Some(page))))
}

/// The first page, when it is what the known shape leads to expect.
pub(super) async fn fetch_first(
    client: &Client,
    campaign_id: &str,
    shape: Shape,
) -> Result<Option<RowsPage>, ApiError> {
    let can_be_smaller = matches!(shape, Shape::Paged { page_size: 2.., .. });
    let modest = if can_be_smaller { client.with_pages_up_to(MODEST_BYTES) } else { client.clone() };
    match fetch_page(&modest, campaign_id, shape.ask(0)).await {
        Err(ApiError::TooLarge { .. }) if can_be_smaller => Ok(None),
        page => page.map(|page| fits(shape, &page).then_some(page)),
    }
}

impl CampaignPass {
    /// The first answer, and how the API pages: as the account's other campaigns have shown, if that holds here;
    /// else found out.
    pub(super) async fn first_rows(&self, reader: &PageReader) -> Result<(Shape, Option<Rows>), PageError> {
        let mut belied = None;
        // The lock is held while one campaign finds out, not while pages are read.
        let mut known = loop {
            let known = self.shared.shape.lock().await;
            let Some(shape) = *known else { break known };
            if belied == Some(shape) {
                break known;
            }
            drop(known);
            match as_known(&reader.client, &reader.campaign_id, shape).await {
                Ok(Some(rows)) => return Ok((shape, Some(rows))),
                Ok(None) => belied = Some(shape),
                Err(error) if error.is_bad_request() => belied = Some(shape),
                Err(error) => return Err(error.into()),
            }
        };
        let (page_size, rows) = (self.mirror.settings.page_size, self.listed.rows());
        let (shape, first) =
            Box::pin(discover(&reader.client, &reader.campaign_id, &reader.hasher, page_size, rows)).await?;
        *known = Some(shape);
        if let (Some(store), false) = (&self.mirror.store, self.options.dry_run) {
            store.save_shape(&self.mirror.account, shape, self.mirror.clock.now()).await?;
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
    let (Shape::Paged { first_page, lone_page, .. }, Some(total)) = (shape, page.total) else { return false };
    let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
    let asked = first_page.unwrap_or(lone_page);
    rows == shape.expected_rows(0, total)
        && (first_page.is_some() || rows >= total)
        && page.page.is_none_or(|page| page == asked)
}

/// Asks until it is known how the API pages. Where the list shows more `rows` than a page has, it takes two questions as a rule,
/// which are asked at once.
async fn discover(
    client: &Client,
    campaign_id: &str,
    hasher: &Hasher,
    page_size: u32,
    rows: Option<u64>,
) -> Result<(Shape, Option<Rows>), ApiError> {
    let mut discovery = Discovery::new(page_size);
    let modest = client.with_pages_up_to(MODEST_BYTES);
    let mut follow_up = discovery.follow_up().filter(|_| rows > Some(page_size.into()));
    let mut answered_early = None;
    let mut page_zero = None;
    loop {
        let question = discovery.question();
        let can_be_smaller = discovery.can_be_smaller();
        let client = if can_be_smaller { &modest } else { client };
        let early = answered_early.take().filter(|(asked, _)| *asked == question);
        let answered = match (early, follow_up.take()) {
            (Some((_, answered)), _) => answered,
            (None, Some(next)) => {
                let asked =
                    (fetch_page(client, campaign_id, question), fetch_page(client, campaign_id, next));
                let (answered, early) = tokio::join!(asked.0, asked.1);
                answered_early = Some((next, early));
                answered
            }
            (None, None) => fetch_page(client, campaign_id, question).await,
        };
        let answered = match answered {
            Err(ApiError::TooLarge { .. }) if can_be_smaller => {
                discovery.learn(Shown::TooLarge);
                page_zero = None;
                tracing::info!(campaign = %campaign_id, "pages of so many rows would be too large; fewer are asked for");
                continue;
            }
            Err(error) if !error.is_bad_request() => return Err(error),
            answered => answered,
        };
        let shown = match &answered {
            Ok(page) => Shown::Page {
                rows: u64::try_from(page.rows.len()).unwrap_or(u64::MAX),
                total: page.total,
                page: page.page,
                mark: mark(page, hasher),
            },
            Err(_) => Shown::Refused,
        };
        match (discovery.learn(shown), answered) {
            (Learned::Ask(ask), answered) => {
                tracing::debug!(?ask, "finding out how the API pages");
                page_zero = answered.ok();
            }
            (Learned::Shape { shape, first_is_at_hand }, page) => {
                let first =
                    if first_is_at_hand { page.ok() } else { page_zero.filter(|_| shape.begins_at_zero()) };
                return Ok((shape, first.filter(|page| !page.is_cut).map(|page| Rows::Page(Some(page)))));
            }
            (Learned::Hopeless, Err(error)) => return Err(error),
            (Learned::Hopeless, Ok(_)) => {}
        }
    }
}
