//! The server: accepts connections, a bounded number of them, and ends them in order.
//!
//! poem's own server swallows errors of `accept` and asks again at once, so that a process out of
//! file descriptors spins, and gives a caller all the time in the world for its headers and for
//! reading its answer. This one pauses, has deadlines, and drives hyper directly.

mod stall_guard;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::endpoint::{DynEndpoint, ToDynEndpoint};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use stall_guard::StallGuard;

/// The most connections at once; more wait in the system's own queue.
pub(crate) const MAX_CONNECTIONS: usize = 4096;

/// How long a caller may take for the head of a request, and a connection lie idle between two.
pub(crate) const HEAD_DEADLINE: Duration = Duration::from_secs(60);

/// How long a caller may leave an answer unread.
pub(crate) const STALL_LIMIT: Duration = Duration::from_secs(60);

/// The largest head of a request in bytes.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How long to wait before accepting again after the system refused.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 until `drain` is cancelled, and then what has been begun, for at most `grace`;
/// connections that still stand after that are cut. Tell the application to drain at the same
/// time, so that those who wait for a job are answered.
///
/// # Errors
/// Where the listener has no address. Errors of single connections are theirs, and those of
/// `accept` pass.
pub async fn serve<E>(
    listener: TcpListener,
    endpoint: E,
    drain: CancellationToken,
    grace: Duration,
) -> io::Result<()>
where
    E: Endpoint<Output = Response> + 'static,
{
    let server = Server {
        endpoint: Arc::new(ToDynEndpoint(endpoint)),
        local: listener.local_addr()?,
        drain,
        cut: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    server
        .accept_until_drained(&listener, MAX_CONNECTIONS)
        .await;
    drop(listener);
    server.finish(grace).await;
    Ok(())
}

/// Where connections come from.
trait Accept: Sync {
    /// The next one.
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        Self::accept(self).await
    }
}

#[derive(Clone)]
struct Server {
    endpoint: Arc<dyn DynEndpoint<Output = Response>>,
    local: SocketAddr,
    drain: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    async fn accept_until_drained(&self, source: &impl Accept, most: usize) {
        let room = Arc::new(Semaphore::new(most));
        loop {
            let accept = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (
                    permit.expect("the semaphore is never closed"),
                    source.accept().await,
                )
            };
            let accepted = tokio::select! {
                () = self.drain.cancelled() => return,
                accepted = accept => accepted,
            };
            match accepted {
                (permit, Ok((stream, remote))) => {
                    let connection = self.clone().serve_connection(stream, remote, permit);
                    self.tasks.spawn(connection);
                }
                (_, Err(error)) if concerns_one_connection(&error) => {}
                (_, Err(error)) => {
                    tracing::error!(%error, "can't accept connections; pausing");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve_connection(
        self,
        stream: TcpStream,
        remote: SocketAddr,
        _permit: OwnedSemaphorePermit,
    ) {
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request: hyper::Request<Incoming>| async {
            let local = LocalAddr(Addr::SocketAddr(self.local));
            let caller = RemoteAddr(Addr::SocketAddr(remote));
            let request = Request::from((request, local, caller, Scheme::HTTP));
            Ok::<hyper::Response<_>, Infallible>(self.endpoint.get_response(request).await.into())
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(StallGuard::new(stream, STALL_LIMIT)), service);
        let mut connection = std::pin::pin!(connection);
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.drain.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    outcome = connection => outcome,
                    () = self.cut.cancelled() => return,
                }
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, %remote, "the connection ended early");
        }
    }

    async fn finish(&self, grace: Duration) {
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                connections = self.tasks.len(),
                "cutting connections that are still open"
            );
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}

/// The caller went away before it was served: the next one may be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests;
