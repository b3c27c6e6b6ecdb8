//! From permitted addresses to one connection.

use std::future::pending;
use std::io;

use batchway_domain::ports::WebhookUnanswered;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::addresses::Permitted;
use crate::limits::Limits;
use crate::network::Network;
use crate::reason::Reason;

/// Connects to the first address that lets us. An address that keeps silent is not waited for
/// alone: after a moment the next is tried beside it (RFC 8305).
pub(crate) async fn connect(
    addresses: &[Permitted],
    network: &dyn Network,
    limits: &Limits,
) -> Result<TcpStream, WebhookUnanswered> {
    let stream = timeout(limits.connect, first_of(addresses, network, limits))
        .await
        .map_err(|_| Reason::UnreachableWithin(limits.connect))?
        .map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Reason::Refused.because(error),
            _ => Reason::Unreachable.because(error),
        })?;
    // Head and body go out as they are written; where that can't be set, they only go later.
    let _as_it_was = stream.set_nodelay(true);
    Ok(stream)
}

async fn first_of(
    addresses: &[Permitted],
    network: &dyn Network,
    limits: &Limits,
) -> io::Result<TcpStream> {
    let mut tried = FuturesUnordered::new();
    let mut rest = addresses.iter();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(next) = rest.next() {
            tried.push(network.connect(next.address()));
        }
        let patience = async {
            match rest.len() {
                0 => pending().await,
                _ => sleep(limits.next_address).await,
            }
        };
        tokio::select! {
            connected = tried.next() => match connected {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failed = error,
                None => return Err(failed),
            },
            () = patience => {}
        }
    }
}
