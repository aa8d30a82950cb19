//! A Postgres in a container, where a Docker engine answers, gone when this process is gone.
//!
//! `TEST_POSTGRES_IMAGE` names the image (`postgres:17`), `TEST_RUN` the value of its label. What is held for a whole process is never dropped in
//! Rust, and a killed process drops nothing at all, so that a guard removes the container: `xargs` waits for the end
//! of its input, which is the end of this process, however it comes, and then calls `docker rm`.

use super::{announce, variable};
use std::error::Error;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use testcontainers_modules::postgres::Postgres;
use testcontainers_modules::testcontainers::core::Mount;
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{ContainerAsync, ImageExt};
use tokio::time::timeout;

/// How long an engine may take to answer.
const ENGINE_LIMIT: Duration = Duration::from_secs(5);

/// How long pulling the image and starting it may take.
const START_LIMIT: Duration = Duration::from_mins(4);

/// The container and the pipe whose end is its end.
static KEPT: OnceLock<(ContainerAsync<Postgres>, ChildStdin)> = OnceLock::new();

/// Starts the container and says so; says why not, and gives none, where that cannot be.
pub(crate) async fn start() -> Option<String> {
    match try_start().await {
        Ok(url) => Some(url),
        Err(reason) => {
            announce(&format!("tests run without a container: {reason}"));
            None
        }
    }
}

async fn try_start() -> Result<String, Box<dyn Error + Send + Sync>> {
    check_engine().await?;
    let image = variable("TEST_POSTGRES_IMAGE").unwrap_or_else(|| "postgres:17".to_owned());
    let (name, tag) = image.rsplit_once(':').unwrap_or((&image, "latest"));
    let container_name = format!("revox-mirror-test-{}", uuid::Uuid::new_v4().simple());
    let guard = guard(&container_name)?;

    let request = Postgres::default()
        .with_name(name)
        .with_tag(tag)
        .with_container_name(&container_name)
        .with_label("revox-mirror-test", variable("TEST_RUN").unwrap_or_else(|| "by-hand".to_owned()))
        .with_mount(Mount::tmpfs_mount("/var/lib/postgresql/data"))
        .with_cmd(["postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]);
    let container = timeout(START_LIMIT, request.start()).await??;
    let host = container.get_host().await?;
    let port = container.get_host_port_ipv4(5432).await?;
    KEPT.set((container, guard)).map_err(|_| "a container was started before")?;
    announce(&format!("tests run on the container {container_name} of {image}"));
    Ok(format!("postgres://postgres:postgres@{host}:{port}/postgres"))
}

/// The engine that the `docker` command reaches, which the guard needs too.
async fn check_engine() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut question = tokio::process::Command::new("docker");
    question.args(["version", "--format", "{{.Server.Version}}"]).kill_on_drop(true);
    let answer =
        timeout(ENGINE_LIMIT, question.output()).await.map_err(|_| "no Docker engine answers in time")?;
    let answer = answer.map_err(|error| format!("no docker command: {error}"))?;
    if answer.status.success() { Ok(()) } else { Err("no Docker engine answers".into()) }
}

fn guard(container: &str) -> std::io::Result<ChildStdin> {
    let mut child = Command::new("xargs")
        .args(["docker", "rm", "--force", "--volumes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let mut input = child.stdin.take().expect("it is a pipe");
    writeln!(input, "{container}")?;
    Ok(input)
}
