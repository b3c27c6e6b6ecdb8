//! Connections, and what comes over them.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::reply::{LostReply, Reply, Response};
use super::service::Service;

/// The largest request that is read; AWS Batch refuses far smaller ones.
const MOST_BYTES: usize = 1_048_576;

/// After an error of the whole listener, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// A request whose body was read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) peer: SocketAddr,
}

impl Asked {
    /// A header, where it is there and text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}

/// Serves until it is dropped, and all connections with it.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve_connection(stream, peer, service.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "can't accept connections; pausing");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, service: Arc<Service>) {
    // Answers are written whole; waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let answer = |request: hyper::Request<Incoming>| {
        let service = service.clone();
        async move { answer(request, peer, &service).await }
    };
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = connection.await {
        tracing::debug!(%error, %peer, "the connection ended early");
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    service: &Service,
) -> Result<Response, LostReply> {
    let (parts, body) = request.into_parts();
    match read(body).await {
        Ok(body) => service.answer(Asked { parts, body, peer }).await,
        Err(unread) => {
            let message = match unread {
                Unread::TooLong => format!("The request is longer than {MOST_BYTES} bytes."),
                Unread::Broken(error) => format!("The request could not be read: {error}"),
            };
            let reply = Reply::error(413, "RequestEntityTooLargeException", &message);
            Ok(reply.whole("unread"))
        }
    }
}

enum Unread {
    TooLong,
    Broken(hyper::Error),
}

async fn read(mut body: Incoming) -> Result<Bytes, Unread> {
    let mut whole = BytesMut::new();
    loop {
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let Some(frame) = next.await else {
            return Ok(whole.freeze());
        };
        if let Ok(data) = frame.map_err(Unread::Broken)?.into_data() {
            whole.extend_from_slice(&data);
        }
        if whole.len() > MOST_BYTES {
            return Err(Unread::TooLong);
        }
    }
}
