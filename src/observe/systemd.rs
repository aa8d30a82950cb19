//! What systemd is told of a service: that it is ready, reloads, stops, lives, and a line of what it does.
//!
//! Where no systemd listens (`NOTIFY_SOCKET`), nothing is told.

use sd_notify::NotifyState;
use std::time::Duration;

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// The service does its work from now on, again after a reload.
pub fn tell_ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is being read again.
pub fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The service stops.
pub fn tell_stopping() {
    tell(&[NotifyState::Stopping]);
}

/// A line of what it does.
pub fn tell_status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// It lives.
pub fn tell_alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often it has to say that it lives, with room to spare; none when nobody waits for it.
#[must_use]
pub fn heartbeat() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 3).filter(|pause| !pause.is_zero())
}
