//! A real pgbouncer in transaction mode before the server of the tests, with fewer connections than the mirror opens.
//!
//! `TEST_THROUGH_PGBOUNCER=1` puts it between the mirror and its database in every test that makes its mirror by way of
//! `account` or `setting`, and the name of a test program (`passes`) does so in that one; what the tests themselves ask goes past it.

use super::{announce, variable};
use nix::unistd::{User, chown, geteuid};
use sqlx::postgres::PgConnectOptions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;
use tempfile::TempDir;
use url::Url;

/// Connections to the server, of each database.
const POOL_SIZE: u32 = 3;

struct Pooler {
    port: u16,
    _child: Child,
    _directory: TempDir,
}

static POOLER: OnceLock<Option<Pooler>> = OnceLock::new();

/// The way to `database` by the pooler; none when tests go straight to the server.
pub(crate) fn url_through(server: &Url, database: &str) -> Option<Url> {
    let is_meant = |programs: &String| programs == "1" || programs == env!("CARGO_CRATE_NAME");
    let begin = || variable("TEST_THROUGH_PGBOUNCER").filter(is_meant).map(|_| start(server));
    let pooler = POOLER.get_or_init(begin).as_ref()?;
    Some(Url::parse(&format!("postgres://mirror@127.0.0.1:{}/{database}", pooler.port)).unwrap())
}

fn start(server: &Url) -> Pooler {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let directory = tempfile::Builder::new()
        .prefix("revox-mirror-pgbouncer-")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir_in("/tmp")
        .unwrap();
    let target = PgConnectOptions::from_str(server.as_str()).unwrap();
    let host = match target.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => target.get_host().to_owned(),
    };
    let password = server.password().map(|password| format!(" password={password}")).unwrap_or_default();
    // As root it runs as another user, which it then must be allowed to be.
    let user = geteuid().is_root().then(|| {
        let found = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).unwrap());
        found.expect("a machine has nobody at least")
    });
    let as_user = user.as_ref().map(|user| format!("user = {}\n", user.name)).unwrap_or_default();
    let text = format!(
        "[databases]\n* = host={host} port={} user={}{password}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n{as_user}\
         auth_type = any\npool_mode = transaction\ndefault_pool_size = {POOL_SIZE}\nmax_client_conn = 1000\n\
         server_idle_timeout = 2\nlog_connections = 0\nlog_disconnections = 0\nlog_stats = 0\n",
        target.get_port(),
        target.get_username(),
    );
    let file = directory.path().join("pgbouncer.ini");
    std::fs::write(&file, text).unwrap();
    if let Some(user) = &user {
        chown(&file, Some(user.uid), Some(user.gid)).unwrap();
    }
    // Lives as long as the pipe that this process holds, however the process ends.
    let child = Command::new("sh")
        .args([
            "-c",
            "PATH=$PATH:/usr/sbin; pgbouncer \"$1\" >/dev/null 2>&1 & cat >/dev/null; kill $!",
            "sh",
        ])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell starts");
    let pooler = Pooler { port, _child: child, _directory: directory };
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            announce("the mirror's connections go through a pgbouncer in transaction mode");
            return pooler;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("pgbouncer does not listen on port {port}; is it installed? (Debian: apt-get install pgbouncer)");
}
