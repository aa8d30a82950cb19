//! `ready`: asks the daemon on this machine whether it is ready; for health checks, where there is no other program.

use super::Context;
use super::exit::{CommandError, Exit};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// `ready`.
#[derive(Debug, Args)]
pub(super) struct ReadyArguments {
    /// Only whether it lives, whatever it has to do
    #[arg(long)]
    live: bool,
}

pub(super) async fn run(context: &Context, arguments: &ReadyArguments) -> anyhow::Result<Exit> {
    let Some(listen) = context.settings.admin.listen() else {
        return Err(CommandError::NoAdmin.into());
    };
    let address = reachable(listen);
    // Whether it lives is told to everybody, why it is not ready to whoever brings the token.
    let (path, token) =
        if arguments.live { ("/livez", None) } else { ("/readyz", context.settings.admin.token()?) };
    let asked = tokio::time::timeout(PATIENCE, ask(address, path, token.as_ref())).await;
    let (is_ready, words) = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => (false, format!("no daemon answers at {address}: {error}")),
        Err(_) => (false, format!("the daemon at {address} did not answer within {} s", PATIENCE.as_secs())),
    };
    context.terminal.print(words.trim_end());
    Ok(if is_ready { Exit::Complete } else { Exit::Other })
}

/// Where a server that listens on every address is reached from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// One request over a plain connection: whether its status is 200, and the body.
async fn ask(
    address: SocketAddr,
    path: &str,
    token: Option<&SecretString>,
) -> std::io::Result<(bool, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let token = token.map(|token| format!("Authorization: Bearer {}\r\n", token.expose_secret()));
    let token = token.unwrap_or_default();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let is_ready = head.split(' ').nth(1) == Some("200");
    Ok((
        is_ready,
        if body.is_empty() { "an answer that is none of the daemon's".to_owned() } else { body.to_owned() },
    ))
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn a_server_on_every_address_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("10.1.2.3:9464", "10.1.2.3:9464"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap(), "{listen}");
        }
    }
}
