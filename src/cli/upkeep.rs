//! What is done about what passes have written, as the configuration wants it: after each single pass by the commands, and by
//! the daemon beside them.

use super::Context;
use crate::config::{RetentionSettings, SearchSettings, Settings};
use crate::store::{Languages, Store};
use crate::upkeep::{self, Kept, Retaining, Upkeep};
use tokio_util::sync::CancellationToken;

/// What is to be done. With `sparing`, what takes long is left for later when it was done of late.
///
/// # Errors
/// When the search's language is none.
pub(super) async fn wanted(
    context: &Context,
    store: &Store,
    settings: &Settings,
    sparing: bool,
) -> anyhow::Result<Upkeep> {
    let RetentionSettings { transcripts, recording_urls, calls } = settings.retention;
    let kept = Kept { transcripts, recording_urls, calls };
    // Before the first pass, so that what is past its time is not stored at all.
    let retention = Retaining::begin(store, kept, context.clock.clone()).await?;
    Ok(Upkeep { search: languages(store, &settings.search).await?, retention: Some(retention), sparing })
}

/// The languages that are configured, as the database knows them; none: the search is off.
pub(super) async fn languages(store: &Store, settings: &SearchSettings) -> anyhow::Result<Option<Languages>> {
    if !settings.enabled {
        return Ok(None);
    }
    let found = store.resolve_languages(&settings.languages()).await?;
    let resolved = |name: &str| found.get(name).cloned().flatten();
    if found.values().any(Option::is_none) {
        settings.refuse_unknown(|name| resolved(name).is_some(), &store.known_languages().await?)?;
    }
    let own = settings.campaigns.iter();
    Ok(Some(Languages {
        default: resolved(&settings.language).unwrap_or_default(),
        campaigns: own.filter_map(|(id, name)| Some((id.clone(), resolved(name)?))).collect(),
    }))
}

/// How what was said is made searchable, in words.
pub(super) async fn described(store: &Store, languages: Option<Languages>) -> String {
    let mut unknown = Vec::new();
    for id in languages.iter().flat_map(|languages| languages.campaigns.keys()) {
        if matches!(store.account_of(id).await, Ok(None)) {
            unknown.push(id.clone());
        }
    }
    let mut words = in_words(languages);
    if !unknown.is_empty() {
        words.push_str("; search.campaigns names campaigns that the mirror does not hold: ");
        words.push_str(&unknown.join(", "));
    }
    words
}

fn in_words(languages: Option<Languages>) -> String {
    match languages {
        None => "what was said is not made searchable".to_owned(),
        Some(Languages { default, campaigns }) if campaigns.is_empty() => {
            format!("what was said is read as {default}")
        }
        Some(Languages { default, campaigns }) => {
            format!("what was said is read as {default}, in {} campaigns otherwise", campaigns.len())
        }
    }
}

/// Looks after what the passes have brought. That it could not be done is no fault of theirs.
pub(super) async fn look_after(store: &Store, upkeep: &Upkeep) {
    upkeep::look_after(store, upkeep, &CancellationToken::new()).await;
}

/// Ends it, so that another process may be told otherwise.
pub(super) async fn end(store: &Store, upkeep: &Upkeep) {
    if let Some(retention) = &upkeep.retention {
        retention.end(store).await;
    }
}
