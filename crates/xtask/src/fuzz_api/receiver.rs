//! Somebody who takes webhooks, so that there are deliveries of every kind to ask for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::failure::{Failure, Outcome};

/// One request in so many is refused, and comes again.
const REFUSES_EVERY: usize = 4;

/// How long a sender may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens on a free port of this machine for as long as this process lives.
pub(super) fn start() -> Outcome<SocketAddr> {
    let cannot = |error| Failure::because(format!("cannot listen for webhooks: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    std::thread::spawn(move || {
        for (number, connection) in listener.incoming().flatten().enumerate() {
            let status = if number % REFUSES_EVERY == 0 {
                "503 Service Unavailable"
            } else {
                "204 No Content"
            };
            // A sender that went away sends it again.
            let _ = answer(connection, status);
        }
    });
    Ok(address)
}

/// Reads one request whole, as its sender must not be cut off while it writes.
fn answer(mut connection: TcpStream, status: &str) -> std::io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(&connection);
    let mut length = 0;
    for line in reader.by_ref().lines() {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}
