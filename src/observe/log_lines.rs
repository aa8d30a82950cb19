//! Log lines: JSON objects or text for people, filtered by level.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries that talk too much below warnings; some of them would show headers and bound values. Named
/// directives in `log.level` still win.
const QUIET: &str = "sqlx=warn,sqlx::pool=error,tokio_cron_scheduler=warn,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,tower=warn,axum=warn";

/// How lines look and which are kept.
#[derive(Debug, Clone, Copy)]
pub struct LogOptions<'a> {
    /// A level, or directives as `RUST_LOG` has them.
    pub level: &'a str,
    /// One JSON object a line, rather than text.
    pub json: bool,
    /// Text in colours.
    pub colours: bool,
}

/// Sends the process's log lines to `writer`. Only the first call counts: a process has one log.
pub fn install_logs<W>(options: LogOptions<'_>, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(format!("{QUIET},{}", options.level))
        .unwrap_or_else(|_| EnvFilter::new(format!("{QUIET},info")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let installed = if options.json {
        builder.json().flatten_event(true).with_current_span(false).finish().try_init()
    } else {
        builder.with_ansi(options.colours).with_target(false).finish().try_init()
    };
    if installed.is_err() {
        tracing::debug!("the log is set up already");
    }
}
