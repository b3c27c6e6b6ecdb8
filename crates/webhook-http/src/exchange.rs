//! One request, and the head of its answer.

use std::error::Error;
use std::pin::pin;

use batchway_domain::ports::{WebhookAnswer, WebhookRequest, WebhookUnanswered};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};
use url::{Position, Url};

use crate::bounded::{AnswerTooLong, Bounded};
use crate::limits::Limits;
use crate::reason::Reason;
use crate::retry_after;

const AGENT: &str = concat!("Batchway/", env!("CARGO_PKG_VERSION"));

/// The request in the words of HTTP/1.1.
pub(crate) fn in_http(
    request: &WebhookRequest,
    url: &Url,
) -> Result<Request<Full<Bytes>>, WebhookUnanswered> {
    Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &request.id)
        .header("webhook-timestamp", request.timestamp)
        .header("webhook-signature", &request.signature)
        .header(CONNECTION, "close")
        .body(Full::new(request.body.clone()))
        .map_err(|error| Reason::Unwritable.because(error))
}

/// A connection to a receiver, with TLS or without.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Sends it and reads what comes back, the head of it until the deadline.
pub(crate) async fn exchange(
    request: Request<Full<Bytes>>,
    stream: Box<dyn Stream>,
    deadline: Instant,
    limits: &Limits,
) -> Result<WebhookAnswer, WebhookUnanswered> {
    let stream = TokioIo::new(Bounded::new(stream, limits.answer));
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(limits.head)
        .handshake(stream)
        .await
        .map_err(unanswered)?;
    let answer = pin!(async {
        let response = timeout_at(deadline, sender.send_request(request))
            .await
            .map_err(|_| Reason::UnansweredWithin(limits.attempt))?
            .map_err(unanswered)?;
        let answer = WebhookAnswer {
            status: response.status().as_u16(),
            retry_after: retry_after::of(response.headers()),
        };
        throw_away(response, limits).await;
        Ok(answer)
    });
    // The connection moves only while it is polled. It ends with the answer, or the answer with it.
    match select(answer, pin!(connection)).await {
        Either::Left((answer, _connection)) => answer,
        Either::Right((_ended, answer)) => answer.await,
    }
}

/// Reads the body to its end, or as far as it is read; what comes of it changes nothing.
async fn throw_away(response: Response<Incoming>, limits: &Limits) {
    let mut body = response.into_body();
    let read = async { while let Some(Ok(_thrown_away)) = body.frame().await {} };
    let _in_time = timeout(limits.body, read).await;
}

fn unanswered(error: hyper::Error) -> WebhookUnanswered {
    let reason = if error.is_parse_too_large() || is_too_long(&error) {
        Reason::TooLong
    } else if error.is_parse() {
        Reason::NotHttp
    } else {
        Reason::Closed
    };
    reason.because(error)
}

fn is_too_long(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause
        .and_then(std::io::Error::get_ref)
        .is_some_and(|cause| cause.is::<AnswerTooLong>())
}
