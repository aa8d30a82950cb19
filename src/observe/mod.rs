//! What the program tells while it works: logs and progress.

mod progress;

pub use progress::{CampaignProgress, Outcome, Progress, Silent};
