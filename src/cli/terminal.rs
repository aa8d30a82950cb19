//! The only file that writes to standard output and standard error: results, errors, bars and log lines, so
//! that none of them tears another.

use super::exit::{Exit, Failure};
use crate::clock::Clock;
use crate::config::LogFormat;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::{Arc, OnceLock};
use tracing_subscriber::fmt::MakeWriter;

/// Where everything is written. Clones share the bars.
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    bars: MultiProgress,
    json: bool,
    clock: Clock,
    /// A result could not be written, by its first error.
    lost: Arc<OnceLock<std::io::Error>>,
}

impl Terminal {
    /// `Auto` looks at standard error: people sit at terminals, machines read the rest.
    pub(super) fn new(format: LogFormat, clock: Clock) -> Self {
        let json = match format {
            LogFormat::Auto => !stderr().is_terminal(),
            LogFormat::Text => false,
            LogFormat::Json => true,
        };
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        Self { bars, json, clock, lost: Arc::default() }
    }

    /// Whether errors and logs are JSON lines.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// The bars, where somebody can see them.
    pub(super) fn bars(&self) -> Option<&MultiProgress> {
        (!self.json && stderr().is_terminal()).then_some(&self.bars)
    }

    /// Writes a result to standard output. A reader that has gone away is no error: `| head` is allowed.
    pub(super) fn print(&self, text: &str) {
        self.bars.suspend(|| {
            let mut out = stdout().lock();
            let written = writeln!(out, "{}", printable(text)).and_then(|()| out.flush());
            if let Err(error) = written
                && error.kind() != ErrorKind::BrokenPipe
            {
                let _ = self.lost.set(error);
            }
        });
    }

    /// Why a result could not be written, if one could not.
    pub(super) fn lost_result(&self) -> Option<&std::io::Error> {
        self.lost.get()
    }

    /// Tells a person something beside the results; in JSON logs it is a log line.
    pub(super) fn note(&self, text: &str) {
        if self.json {
            tracing::info!("{text}");
        } else {
            self.write_error(&printable(text));
        }
    }

    /// Shows an error: in text over several lines, in JSON as one line in the shape of the log's.
    pub(super) fn fail(&self, failure: &Failure) {
        if self.json {
            let line = serde_json::json!({
                "timestamp": self.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
                "level": "ERROR",
                "message": failure.message,
                "caused_by": failure.causes,
                "hint": failure.hint,
                "target": "revox_mirror::cli",
            });
            self.write_error(&line.to_string());
        } else {
            self.write_error(&printable(&failure_text(failure)));
        }
    }

    fn write_error(&self, text: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(stderr().lock(), "{text}");
        });
    }
}

/// `error:`, `caused by:`, `hint:`.
pub(super) fn failure_text(failure: &Failure) -> String {
    let mut text = format!("error: {}", failure.message);
    for cause in &failure.causes {
        text.push_str("\ncaused by: ");
        text.push_str(&cause.trim_end().replace('\n', "\n  "));
    }
    if let Some(hint) = &failure.hint {
        text.push_str("\nhint: ");
        text.push_str(hint);
    }
    text
}

/// The text without characters that would steer the terminal: names and transcripts come from elsewhere.
pub(super) fn printable(text: &str) -> String {
    let shown = |letter: char| {
        if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter }
    };
    text.chars().map(shown).collect()
}

/// Shows what clap has to say: help and version on standard output, errors on standard error.
pub(super) fn show_usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Complete }
}

/// Takes log lines, one a write.
pub(super) struct LogWriter<'a>(&'a MultiProgress);

impl Write for LogWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // A reader that has gone away is no error here either: what reports one would write to the same place.
        let _ = self.0.suspend(|| stderr().lock().write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stderr().lock().flush()
    }
}

impl<'a> MakeWriter<'a> for Terminal {
    type Writer = LogWriter<'a>;

    fn make_writer(&'a self) -> LogWriter<'a> {
        LogWriter(&self.bars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_with_its_causes_and_its_hint() {
        let failure = Failure {
            message: "the database cannot be reached".to_owned(),
            causes: vec!["connection refused\nby the host".to_owned(), "os error 111".to_owned()],
            hint: Some("start it".to_owned()),
        };
        let expected = "error: the database cannot be reached\n\
                        caused by: connection refused\n  by the host\n\
                        caused by: os error 111\n\
                        hint: start it";
        assert_eq!(failure_text(&failure), expected);
    }

    #[test]
    fn text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\rc\nd é 😀"), "a\u{fffd}[2Jb\u{fffd}c\nd é 😀");
    }
}
