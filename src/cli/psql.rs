//! `psql`: psql on the mirror's database, the embedded one started and stopped around it.

use super::database::{self, Database, Whose};
use super::exit::{CommandError, Exit};
use super::{Context, interrupt};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use std::ffi::OsString;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

/// `psql`.
#[derive(Debug, Args)]
pub(super) struct PsqlArguments {
    /// The demo's database, rather than the mirror's
    #[arg(long)]
    demo: bool,
    /// Passed on to psql
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

pub(super) async fn run(context: &Context, arguments: &PsqlArguments) -> anyhow::Result<Exit> {
    let whose = choose(context, arguments.demo)?;
    let database = interrupt::or_signal(Database::open(&context.settings, whose)).await?;
    let mut command = match database.embedded() {
        Some(embedded) => Command::from(embedded.psql_command()),
        None => psql_on(context, database.url()),
    };
    command.args(&arguments.arguments).kill_on_drop(true);
    let outcome = wait_for(command).await;
    context.close(database).await;
    outcome
}

/// The mirror's database; the demo's when that is asked for, or when there is no other.
fn choose(context: &Context, demo: bool) -> anyhow::Result<Whose> {
    if demo {
        return Ok(Whose::Demo);
    }
    let settings = &context.settings;
    if database::exists(settings, Whose::Mirror)? || !database::exists(settings, Whose::Demo)? {
        return Ok(Whose::Mirror);
    }
    context.terminal.note("There is no mirror on this machine yet: this is the demo's database.");
    Ok(Whose::Demo)
}

/// psql runs at the terminal beside this process, so Ctrl-C reaches both: it is psql's to act on.
async fn wait_for(mut command: Command) -> anyhow::Result<Exit> {
    let _ignored = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut child = command.spawn().map_err(CommandError::NoPsql)?;
    let status = tokio::select! {
        status = child.wait() => status?,
        _ = terminate.recv() => return Err(CommandError::Interrupted.into()),
    };
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(Exit::Other, Exit::Child))
}

/// psql for a URL. The parts go by the environment: arguments would show the password to every user of the
/// machine, and parameters that only the mirror's driver knows would be refused.
fn psql_on(context: &Context, url: &SecretString) -> Command {
    let in_bin_dir = context.settings.localdb.bin_dir.as_ref().map(|dir| dir.join("psql"));
    let program = in_bin_dir.filter(|program| program.exists()).unwrap_or_else(|| "psql".into());
    let mut command = Command::new(program);
    if let Ok(url) = Url::parse(url.expose_secret()) {
        command.envs(variables(&url));
    }
    command
}

/// libpq's variables for a URL.
fn variables(url: &Url) -> Vec<(&'static str, String)> {
    let mut variables = Vec::new();
    let mut set = |name, value: &str| {
        if !value.is_empty() {
            variables.push((name, value.to_owned()));
        }
    };
    set("PGHOST", &decoded(url.host_str().unwrap_or_default()));
    set("PGPORT", &url.port().map(|port| port.to_string()).unwrap_or_default());
    set("PGUSER", &decoded(url.username()));
    set("PGPASSWORD", &decoded(url.password().unwrap_or_default()));
    set("PGDATABASE", &decoded(url.path().trim_start_matches('/')));
    for (name, value) in url.query_pairs() {
        let variable = match name.as_ref() {
            "host" | "hostaddr" => "PGHOST",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "dbname" => "PGDATABASE",
            "sslmode" | "ssl-mode" => "PGSSLMODE",
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            "application_name" => "PGAPPNAME",
            "options" => "PGOPTIONS",
            _ => continue,
        };
        set(variable, &value);
    }
    variables
}

/// `%40` as `@`.
fn decoded(text: &str) -> String {
    // A plus sign is a plus sign here, unlike in a form.
    let text = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(url: &str) -> Vec<String> {
        let pairs = variables(&Url::parse(url).unwrap());
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_url_becomes_the_variables_of_libpq() {
        assert_eq!(
            lines(
                "postgres://me:p%40ss+&w@db.example.com:6432/my%20data?ssl-mode=require&statement-cache-capacity=0"
            ),
            [
                "PGHOST=db.example.com",
                "PGPORT=6432",
                "PGUSER=me",
                "PGPASSWORD=p@ss+&w",
                "PGDATABASE=my data",
                "PGSSLMODE=require"
            ]
        );
        assert_eq!(
            lines("postgresql:///mirror?host=/run/postgresql&user=me"),
            ["PGDATABASE=mirror", "PGHOST=/run/postgresql", "PGUSER=me"]
        );
    }
}
