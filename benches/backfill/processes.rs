//! What processes used, as `/proc` tells it.
//!
//! Owns the reading of `/proc`. Leaves to others which processes are of interest.

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use std::process::{Child, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// How often the memory of a process is looked at until it ends.
const PAUSE: Duration = Duration::from_millis(20);

/// What a process used from its start to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) elapsed: Duration,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_bytes: u64,
}

/// A line of `/proc/PID/stat`, as far as it matters.
struct Stat {
    parent: u32,
    /// Of the process itself, in ticks.
    own_ticks: u64,
    /// Of its children that have ended.
    ended_children_ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything, spaces too.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            own_ticks: number(11)? + number(12)?,
            ended_children_ticks: number(13)? + number(14)?,
        })
    }
}

/// Linux shows times to programs in hundredths of a second, whatever the kernel's own tick.
#[expect(clippy::cast_precision_loss, reason = "ticks are few")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / 100.0
}

/// CPU seconds of a process, of its children, and of those that have ended.
pub(crate) fn family_cpu_seconds(pid: u32) -> f64 {
    let Some(head) = Stat::read(pid) else { return 0.0 };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children: u64 = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Stat::read)
        .filter(|stat| stat.parent == pid)
        .map(|stat| stat.own_ticks)
        .sum();
    seconds(head.own_ticks + head.ended_children_ticks + children)
}

fn peak_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// What a process that runs has used so far.
pub(crate) fn usage_so_far(pid: u32, started: Instant) -> Usage {
    let cpu_seconds = Stat::read(pid).map_or(0.0, |stat| seconds(stat.own_ticks));
    Usage { elapsed: started.elapsed(), cpu_seconds, peak_bytes: peak_bytes(pid).unwrap_or(0) }
}

/// Waits until a process has ended, and tells what it used. `started`: when it was started.
pub(crate) fn watch(mut child: Child, started: Instant) -> anyhow::Result<(ExitStatus, Usage)> {
    let pid = child.id();
    let has_ended = AtomicBool::new(false);
    let (ended, peak_bytes) = thread::scope(|scope| {
        // A process that has ended shows its times until it is waited for, but no memory. Its peak only grows, so that it need not
        // be looked at often, which would take the process's time.
        let looking = scope.spawn(|| {
            let mut peak = 0;
            while !has_ended.load(Relaxed) {
                peak = peak_bytes(pid).unwrap_or(0).max(peak);
                thread::sleep(PAUSE);
            }
            peak
        });
        let child = Id::Pid(Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX)));
        let ended = waitid(child, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        let elapsed = started.elapsed();
        has_ended.store(true, Relaxed);
        (ended.map(|_| elapsed), looking.join().unwrap_or(0))
    });
    let cpu_seconds = Stat::read(pid).map_or(0.0, |stat| seconds(stat.own_ticks));
    Ok((child.wait()?, Usage { elapsed: ended?, cpu_seconds, peak_bytes }))
}
