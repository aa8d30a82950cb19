//! One campaign's pass without the account's list: asked for by itself, or taken over from another process.

use super::campaign::{CampaignPass, pass_campaign};
use super::feed::Told;
use super::list::{Listing, ask_campaign, refuse_another};
use super::page::PageError;
use super::round::{due_of, needs_lone_pass};
use super::shared::{Keys, Shared};
use super::{CampaignReport, FailureKind, Mirror, PassOptions};
use crate::plan::{Due, Outcome};

/// What such a pass starts from.
pub(super) struct Lone {
    pub(super) mirror: Mirror,
    pub(super) options: PassOptions,
    /// Whether the API is asked although the mirror's own bookkeeping does not say that it needs a pass.
    pub(super) ask: bool,
}

impl Lone {
    /// Makes the pass, when there is something to do. Whatever goes wrong is this campaign's failure alone.
    pub(super) async fn run(self, id: &str) -> CampaignReport {
        match self.prepare(id).await {
            Ok(Prepared::Pass(pass)) => Box::pin(pass_campaign(*pass)).await,
            Ok(Prepared::Ended(report)) => report,
            Err(error) => CampaignReport::failed(
                id.to_owned(),
                String::new(),
                FailureKind::of_page(&error),
                super::campaign::explain(&error),
            ),
        }
    }

    async fn prepare(&self, id: &str) -> Result<Prepared, PageError> {
        let (mirror, options) = (&self.mirror.clone().with_retention().await?, &self.options);
        let ended = |name: &str| CampaignReport::skipped(id.to_owned(), name.to_owned());
        let Some(store) = &mirror.store else { return Ok(Prepared::Ended(ended(""))) };
        let now = mirror.clock.now();
        let mut known = store.load_campaigns(&mirror.account, Some(id), now).await?;
        let state = known.remove(id).unwrap_or_default();
        let held = store.load_account(&mirror.account).await?;
        if !self.ask && !needs_lone_pass(mirror, options, &held, &state) {
            return Ok(Prepared::Ended(ended("")));
        }
        if store.is_leased(&format!("campaign:{id}")).await? {
            return Ok(Prepared::Ended(CampaignReport::busy(ended(""))));
        }
        let asked_at = mirror.clock.now();
        let Some(listed) = ask_campaign(mirror, id).await? else {
            let note = "the API answers with another campaign".to_owned();
            let report = CampaignReport::failed(id.to_owned(), String::new(), FailureKind::ApiOdd, note);
            return Ok(Prepared::Ended(report));
        };
        if let Err(error) = refuse_another(mirror, &held, listed.campaign().organization_id.value()) {
            let (name, note) = (listed.name().to_owned(), error.to_string());
            let report = CampaignReport::failed(id.to_owned(), name, FailureKind::AnotherAccount, note);
            return Ok(Prepared::Ended(report));
        }
        let (reason, search) = match due_of(mirror, options, &state.known, &listed.fingerprint) {
            Due::Walk(reason) => (reason, None),
            Due::Incremental(search) => (search.reason, Some(search)),
            Due::Skip => {
                store.save_unchanged(&[id.to_owned()], asked_at).await?;
                return Ok(Prepared::Ended(ended(listed.name())));
            }
            Due::Rest => return Ok(Prepared::Ended(ended(listed.name()))),
            Due::StillSuspicious(suspicion) => {
                return Ok(Prepared::Ended(CampaignReport::still_suspicious(&listed, suspicion)));
            }
        };
        let shared = Shared::new(mirror, Keys::load(mirror, options).await?, &held, &Listing::default());
        Ok(Prepared::Pass(Box::new(CampaignPass {
            mirror: mirror.clone(),
            options: options.clone(),
            shared,
            listed_at: asked_at,
            is_lone: true,
            listed,
            state,
            reason,
            search,
            told: Told::Nothing,
            search_begun_at: held.search.as_ref().and_then(|search| search.begun_at),
        })))
    }
}

/// What there is to do.
enum Prepared {
    Pass(Box<CampaignPass>),
    Ended(CampaignReport),
}

impl CampaignReport {
    /// Another process works on the campaign.
    pub(super) fn busy(report: Self) -> Self {
        let note = Some("another revox-mirror works on this campaign".to_owned());
        Self { outcome: Outcome::Partial, failure: Some(FailureKind::Busy), note, ..report }
    }
}
