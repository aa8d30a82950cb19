//! The end of a walk, begun while its last pages are on their way: the campaign's own word, asked for as soon as every page has come,
//! and a look for what no page can show.

use super::Mirror;
use super::list::{ListedCampaign, ask_campaign};
use super::page::PageError;
use crate::store::{Store, StoreError, Strays};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// What is asked for ahead of the end, once every page has been asked for.
#[derive(Debug)]
pub(super) struct Closing {
    /// Each page has one until its answer has come.
    awaited: Option<mpsc::Sender<Infallible>>,
    pages: Option<mpsc::Receiver<Infallible>>,
    word: Option<AbortOnDropHandle<Result<Option<ListedCampaign>, PageError>>>,
    strays: Option<AbortOnDropHandle<Result<Strays, StoreError>>>,
}

/// Held until a page's answer has come.
pub(super) type Awaited = Option<mpsc::Sender<Infallible>>;

impl Default for Closing {
    fn default() -> Self {
        let (awaited, pages) = mpsc::channel(1);
        Self { awaited: Some(awaited), pages: Some(pages), word: None, strays: None }
    }
}

impl Closing {
    /// To be held until the answer to a question has come.
    pub(super) fn awaited(&self) -> Awaited {
        self.awaited.clone()
    }

    /// Whether every page has been asked for, as far as was known then.
    pub(super) fn has_begun(&self) -> bool {
        self.pages.is_none()
    }

    /// Every page has been asked for. With a database, what no page can show is looked for there.
    pub(super) fn begin(&mut self, mirror: &Mirror, campaign_id: &Arc<str>, store: Option<&Store>) {
        let Some(mut pages) = self.pages.take() else { return };
        self.awaited = None;
        let (asking, id) = (mirror.clone(), Arc::clone(campaign_id));
        self.word = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            // The last page that has come leaves none to wait for.
            let _: Option<Infallible> = pages.recv().await;
            Ok(ask_campaign(&asking, &id).await?)
        })));
        self.strays = store.cloned().map(|store| {
            let id = Arc::clone(campaign_id);
            AbortOnDropHandle::new(tokio::spawn(async move { store.look_for_strays(&id).await }))
        });
    }

    /// The campaign's own word after the last page.
    pub(super) async fn word(
        &mut self,
        mirror: &Mirror,
        campaign_id: &str,
    ) -> Result<Option<ListedCampaign>, PageError> {
        match self.word.take() {
            Some(word) => word.await?,
            None => Ok(ask_campaign(mirror, campaign_id).await?),
        }
    }

    /// What was looked for in the database, when it was.
    pub(super) async fn strays(&mut self) -> Result<Option<Strays>, PageError> {
        match self.strays.take() {
            Some(strays) => Ok(Some(strays.await??)),
            None => Ok(None),
        }
    }
}
