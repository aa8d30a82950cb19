//! The assistants of the simulated account: what is kept of one. Its JSON is made in `render::assistant`.

use super::draw::Draw;
use super::texts::prompts;
use chrono::{DateTime, Duration, Utc};
use std::cell::OnceCell;
use std::sync::Arc;

/// An assistant. Everything that has no field here follows from `seed`.
#[derive(Debug)]
pub(super) struct Assistant {
    pub(super) id: String,
    pub(super) seed: u64,
    pub(super) name: &'static str,
    pub(super) prompt: String,
    pub(super) model: Model,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// Its JSON, until something about it changes.
    pub(super) text: OnceCell<Arc<str>>,
}

/// Which kind of language model an assistant or a call uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Dedicated,
    OpenRouter,
    /// The newer API only, with a key of the customer's.
    Custom,
    /// The newer API only.
    Realtime,
}

impl Model {
    pub(super) const ALL: &[Self] = &[Self::Dedicated, Self::Custom, Self::OpenRouter, Self::Realtime];
}

const NAMES: &[&str] =
    &["Léa, rénovation énergétique", "Clinic reminders", "Relance devis \"premium\"", "مساعد المواعيد"];

impl Assistant {
    /// The assistant at `place`, made some weeks before `now`.
    pub(super) fn draw(draw: &mut Draw, place: usize, now: DateTime<Utc>) -> Self {
        let names = NAMES.iter().cycle();
        let models = Model::ALL.iter().cycle();
        let created_at =
            now - Duration::hours(24 * 40 + 5) + Duration::minutes(97) * i32::try_from(place).unwrap_or(0);
        Self {
            id: draw.uuid(),
            seed: draw.seed(),
            name: names.copied().nth(place).unwrap_or_default(),
            prompt: prompts::prompt(draw, "Lumière Énergie"),
            model: models.copied().nth(place).unwrap_or(Model::Dedicated),
            created_at,
            updated_at: created_at + Duration::hours(24 * 9),
            text: OnceCell::new(),
        }
    }
}
