//! Progress as log lines: one when a campaign's pass begins, one when it ends, and a few in between.

use super::{CampaignProgress, Progress};
use crate::plan::Outcome;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A campaign says no more than this between its first line and its last.
const PAUSE: Duration = Duration::from_secs(2);

/// Logs progress.
#[derive(Debug)]
pub struct LogProgress {
    pause: Duration,
    /// Campaigns that were passed over are not worth a line.
    only_changes: bool,
    passes: Mutex<HashMap<String, Pass>>,
}

/// A campaign's pass under way.
#[derive(Debug)]
struct Pass {
    started: Instant,
    rows_at_start: u64,
    last_line: Instant,
    latest: CampaignProgress,
}

impl Default for LogProgress {
    fn default() -> Self {
        Self { pause: PAUSE, only_changes: false, passes: Mutex::default() }
    }
}

impl LogProgress {
    /// One that says nothing of campaigns that were passed over.
    #[must_use]
    pub fn of_changes() -> Self {
        Self { only_changes: true, ..Self::default() }
    }

    fn passes(&self) -> MutexGuard<'_, HashMap<String, Pass>> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Rows a second since this process took the pass up.
    fn rate(&self) -> u64 {
        let rows = self.latest.rows_done.saturating_sub(self.rows_at_start);
        let elapsed_ms = self.started.elapsed().as_millis().max(1);
        u64::try_from(u128::from(rows) * 1000 / elapsed_ms).unwrap_or(u64::MAX)
    }
}

impl Progress for LogProgress {
    fn campaign_started(&self, campaign_id: &str, name: &str, at: &CampaignProgress) {
        let now = Instant::now();
        let pass = Pass { started: now, rows_at_start: at.rows_done, last_line: now, latest: at.clone() };
        self.passes().insert(campaign_id.to_owned(), pass);
        tracing::info!(
            campaign_id,
            campaign = name,
            pages_done = at.pages_done,
            pages_total = at.pages_total,
            rows_done = at.rows_done,
            rows_total = at.rows_total,
            "campaign started"
        );
    }

    fn campaign_advanced(&self, campaign_id: &str, at: &CampaignProgress) {
        let mut passes = self.passes();
        let Some(pass) = passes.get_mut(campaign_id) else {
            return;
        };
        pass.latest = at.clone();
        if pass.last_line.elapsed() < self.pause {
            return;
        }
        pass.last_line = Instant::now();
        let rows_per_second = pass.rate();
        drop(passes);
        tracing::info!(
            campaign_id,
            pages_done = at.pages_done,
            pages_total = at.pages_total,
            rows_done = at.rows_done,
            rows_total = at.rows_total,
            rows_per_second,
            "campaign advanced"
        );
    }

    fn campaign_finished(&self, campaign_id: &str, outcome: Outcome, note: Option<&str>) {
        let pass = self.passes().remove(campaign_id);
        let pages_done = pass.as_ref().map(|pass| pass.latest.pages_done);
        let rows_done = pass.as_ref().map(|pass| pass.latest.rows_done);
        let rows_per_second = pass.as_ref().map(Pass::rate);
        let outcome_word = outcome.as_str();
        if self.only_changes && outcome == Outcome::Skipped {
            return;
        }
        match outcome {
            Outcome::Complete | Outcome::Skipped => tracing::info!(
                campaign_id,
                outcome = outcome_word,
                pages_done,
                rows_done,
                rows_per_second,
                "campaign finished"
            ),
            Outcome::Partial | Outcome::Suspicious | Outcome::Failed => tracing::warn!(
                campaign_id,
                outcome = outcome_word,
                note,
                pages_done,
                rows_done,
                rows_per_second,
                "campaign finished"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(pause: Duration, work: impl FnOnce(&LogProgress)) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        let progress = LogProgress { pause, only_changes: false, passes: Mutex::default() };
        tracing::subscriber::with_default(subscriber, || work(&progress));
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn at(pages_done: u64) -> CampaignProgress {
        CampaignProgress {
            pages_done,
            pages_total: Some(9),
            rows_done: pages_done * 100,
            rows_total: Some(900),
        }
    }

    #[test]
    fn a_campaign_says_when_it_begins_and_ends_and_is_silent_in_a_pause() {
        let lines = logged(Duration::from_hours(1), |progress| {
            progress.campaign_started("c1", "Spring", &at(2));
            (3..9).for_each(|pages| progress.campaign_advanced("c1", &at(pages)));
            progress.campaign_finished("c1", Outcome::Partial, Some("pages shifted"));
        });
        let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["campaign started", "campaign finished"]);
        assert_eq!(lines[0]["campaign"], "Spring");
        assert_eq!(lines[0]["pages_done"], 2);
        assert_eq!(lines[1]["level"], "WARN");
        assert_eq!(lines[1]["outcome"], "partial");
        assert_eq!(lines[1]["note"], "pages shifted");
        assert_eq!(lines[1]["rows_done"], 800);
    }

    #[test]
    fn a_campaign_advances_in_lines_once_the_pause_is_over() {
        let lines = logged(Duration::ZERO, |progress| {
            progress.campaign_started("c1", "Spring", &at(0));
            progress.campaign_advanced("c1", &at(1));
            progress.campaign_advanced("unknown", &at(1));
            progress.campaign_finished("unknown", Outcome::Skipped, None);
        });
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1]["message"], "campaign advanced");
        assert_eq!(lines[1]["rows_done"], 100);
        assert_eq!(lines[2]["outcome"], "skipped");
    }
}
