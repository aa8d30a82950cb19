//! Has the kernel send at once what a connection writes.
//!
//! The driver does not ask for it (sqlx 0.9.0, its issue 4335; it is mended behind that release): the end of each `COPY` is a small
//! piece behind another one then, which is held back until the server has acknowledged the first, for up to 40 ms, several times a
//! batch. It keeps its sockets to itself, so that they are looked up among those of this process, as duplicates. Where that may not
//! be (in containers, as a rule) or is not known, all works as well and takes longer.

/// Has every TCP connection of this process send at once.
#[cfg(target_os = "linux")]
pub(super) fn send_at_once() {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let (Ok(process), Ok(open)) =
        (pidfd_open(getpid(), PidfdFlags::empty()), std::fs::read_dir("/proc/self/fd"))
    else {
        return;
    };
    // Files are left alone: to close a duplicate of one gives back the locks on it.
    let sockets = open.flatten().filter(|entry| {
        std::fs::read_link(entry.path())
            .is_ok_and(|to| to.as_os_str().as_encoded_bytes().starts_with(b"socket:"))
    });
    let numbers = sockets.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // One that has just been closed is no connection any more.
    for duplicate in numbers.filter_map(|number| pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok())
    {
        let stream = std::net::TcpStream::from(duplicate);
        // Whatever is no TCP connection says so.
        if stream.peer_addr().is_ok() && stream.nodelay().is_ok_and(|is_at_once| !is_at_once) {
            let _ = stream.set_nodelay(true);
        }
    }
}

/// Nothing: not known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn send_at_once() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::send_at_once;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn connections_send_at_once_what_is_written() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!connection.nodelay().unwrap());
        send_at_once();
        assert!(connection.nodelay().unwrap());
    }
}
