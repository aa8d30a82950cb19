//! Progress as bars: a line for each campaign under way; a finished one scrolls away above them.

use super::terminal::printable;
use crate::observe::{CampaignProgress, Progress};
use crate::plan::Outcome;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const TEMPLATE: &str = "{prefix:24!} {bar:24} {pos}/{len} pages, {msg}, {eta} left";
const TEMPLATE_WITHOUT_TOTAL: &str = "{prefix:24!} {spinner} {pos} pages, {msg}";

/// Draws progress.
#[derive(Debug)]
pub(super) struct Bars {
    bars: MultiProgress,
    passes: Mutex<HashMap<String, Pass>>,
}

#[derive(Debug)]
struct Pass {
    name: String,
    bar: ProgressBar,
    rows_at_start: u64,
    rows_done: u64,
    has_total: bool,
}

impl Bars {
    pub(super) fn new(bars: MultiProgress) -> Self {
        Self { bars, passes: Mutex::default() }
    }

    fn passes(&self) -> MutexGuard<'_, HashMap<String, Pass>> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    fn show(&mut self, at: &CampaignProgress) {
        self.rows_done = at.rows_done;
        if let Some(total) = at.pages_total {
            self.bar.set_length(total.max(at.pages_done));
        }
        if at.pages_total.is_some() != self.has_total {
            self.has_total = at.pages_total.is_some();
            self.bar.set_style(style(self.has_total));
        }
        self.bar.set_position(at.pages_done);
        self.bar.set_message(format!("{} rows/s", self.rate()));
    }

    fn rate(&self) -> u64 {
        let rows = self.rows_done.saturating_sub(self.rows_at_start);
        let elapsed_ms = self.bar.elapsed().as_millis().max(1);
        u64::try_from(u128::from(rows) * 1000 / elapsed_ms).unwrap_or(u64::MAX)
    }
}

fn style(has_total: bool) -> ProgressStyle {
    let template = if has_total { TEMPLATE } else { TEMPLATE_WITHOUT_TOTAL };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bars {
    fn campaign_started(&self, campaign_id: &str, name: &str, at: &CampaignProgress) {
        let name = printable(name).replace('\n', " ");
        let bar = self.bars.add(ProgressBar::no_length().with_style(style(false)).with_prefix(name.clone()));
        // Pages done before this process took the pass up must not count for the time left.
        bar.set_position(at.pages_done);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(250));
        let mut pass = Pass { name, bar, rows_at_start: at.rows_done, rows_done: 0, has_total: false };
        pass.show(at);
        self.passes().insert(campaign_id.to_owned(), pass);
    }

    fn campaign_advanced(&self, campaign_id: &str, at: &CampaignProgress) {
        if let Some(pass) = self.passes().get_mut(campaign_id) {
            pass.show(at);
        }
    }

    fn campaign_finished(&self, campaign_id: &str, outcome: Outcome, note: Option<&str>) {
        let Some(pass) = self.passes().remove(campaign_id) else {
            return;
        };
        pass.bar.finish_and_clear();
        self.bars.remove(&pass.bar);
        let note = note.map(|note| format!(": {}", printable(note))).unwrap_or_default();
        let line = format!(
            "{:24} {} {} rows, {} rows/s{note}",
            pass.name,
            outcome.as_str(),
            pass.rows_done,
            pass.rate()
        );
        // Nothing can be drawn when the terminal is gone; the summary still says it.
        let _ = self.bars.println(line);
    }
}
