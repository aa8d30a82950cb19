//! What the program tells while it works: logs and progress.
//!
//! Owns: how log lines look, which are kept, and progress as log lines. Leaves to `cli`: where lines are
//! written, and progress as bars.

mod log_lines;
mod log_progress;
mod progress;

pub use log_lines::{LogOptions, install_logs};
pub use log_progress::LogProgress;
pub use progress::{CampaignProgress, Progress, Silent};
