//! What the program tells while it works: logs, progress, the board.
//!
//! Owns: how log lines look, which are kept, progress as log lines, metrics, what systemd is told, and the board of what is going on right now. Leaves to `cli`: where lines are
//! written, and progress as bars.

mod board;
mod log_lines;
mod log_progress;
mod metrics;
mod progress;
mod systemd;
mod words;

pub use board::{AccountBoard, Board, BoardState, PassBoard, Trouble};
pub use log_lines::{LogOptions, install_logs};
pub use log_progress::LogProgress;
pub use metrics::{
    LeaseChange, count_answer_bytes, count_lease, count_rejects, count_request, count_retry, count_rows,
    observe_pass, render_metrics,
};
pub use progress::{CampaignProgress, Progress, Several, Silent};
pub use systemd::{heartbeat, tell_alive, tell_ready, tell_reloading, tell_status, tell_stopping};
pub use words::{ago, api_words, counted};
