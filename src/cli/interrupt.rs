//! Signals: the first one ends the work between two awaits; ending it is bounded, so none is needed after it.

use super::exit::CommandError;
use tokio::signal::unix::{SignalKind, signal};

/// Does the work until it is done or a signal comes. Work that is cut off is dropped: what it has committed
/// stays, and its open transactions roll back.
pub(super) async fn or_signal<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        result = work => result,
        () = wait_for_signal() => Err(CommandError::Interrupted.into()),
    }
}

/// Returns when SIGINT or SIGTERM comes.
pub(super) async fn wait_for_signal() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
