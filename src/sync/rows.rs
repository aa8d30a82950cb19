//! An answer's rows, a part at a time, whichever way the API gives them: a page is one part, everything at once is many.

use crate::api::{ApiError, Client, PageQuery, RowStream};
use crate::plan::Ask;
use crate::wire::RowsPage;

/// Rows of a part, and its bytes, when an answer has no pages; both may be exceeded by what one piece of the network brings.
const PART_ROWS: usize = 300;
const PART_BYTES: usize = 1 << 20;

/// An answer that is read as it comes.
#[derive(Debug)]
pub enum Rows {
    /// A page that is at hand; none once it was taken.
    Page(Option<RowsPage>),
    /// Every row of a campaign.
    Stream(Box<RowStream>),
}

impl Rows {
    /// The next part; none after the last.
    ///
    /// # Errors
    /// When the answer breaks off or cannot be used. What came before stands.
    pub async fn next(&mut self) -> Result<Option<RowsPage>, ApiError> {
        match self {
            Self::Page(page) => Ok(page.take()),
            Self::Stream(stream) => stream.next(PART_ROWS, PART_BYTES).await,
        }
    }

    /// The total that an answer without pages has given all the same, once it has been read: it is one with pages then.
    #[must_use]
    pub fn odd_total(&self) -> Option<u64> {
        match self {
            Self::Page(_) => None,
            Self::Stream(stream) => stream.total(),
        }
    }
}

/// Asks for rows of a campaign.
pub async fn ask_rows(client: &Client, campaign_id: &str, ask: Ask) -> Result<Rows, ApiError> {
    match ask {
        Ask::Page { .. } => Ok(Rows::Page(Some(fetch_page(client, campaign_id, ask).await?))),
        Ask::Everything => Ok(Rows::Stream(Box::new(client.open_rows(campaign_id).await?))),
    }
}

/// Fetches a page of a campaign's rows; where everything comes instead, its beginning.
pub(super) async fn fetch_page(client: &Client, campaign_id: &str, ask: Ask) -> Result<RowsPage, ApiError> {
    let (query, most) = match ask {
        Ask::Page { page, page_size } => {
            let query = PageQuery { page, page_size, ..PageQuery::default() };
            (Some(query), usize::try_from(page_size).unwrap_or(usize::MAX))
        }
        Ask::Everything => (None, PART_ROWS),
    };
    Ok(client.fetch_rows(campaign_id, query, most).await?.body)
}
