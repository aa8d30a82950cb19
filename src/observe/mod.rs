//! What the program tells while it works: logs, progress, the board.
//!
//! Owns: how log lines look, which are kept, progress as log lines, and the board of what is going on right now. Leaves to `cli`: where lines are
//! written, and progress as bars.

mod board;
mod log_lines;
mod log_progress;
mod progress;

pub use board::{AccountBoard, Board, BoardState, PassBoard, Trouble};
pub use log_lines::{LogOptions, install_logs};
pub use log_progress::LogProgress;
pub use progress::{CampaignProgress, Progress, Several, Silent};
