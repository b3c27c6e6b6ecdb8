//! What goes back over the wire: whole, cut short, or nothing at all.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

/// The header by which AWS tells the type of an error.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// How many bytes a cut reply keeps back, where it has as many.
const KEPT_BACK: usize = 5;

/// An answer before it is known how much of it will arrive.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    error_type: Option<HeaderValue>,
    content_type: HeaderValue,
    body: Bytes,
}

impl Reply {
    /// 200 with this as JSON.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body)
            .expect("answers have texts as keys, and their parts serialise");
        Self {
            status,
            error_type: None,
            content_type: HeaderValue::from_static("application/json"),
            body: body.into(),
        }
    }

    pub(super) fn text(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            error_type: None,
            content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
            body: body.into(),
        }
    }

    /// An error as AWS's REST-JSON protocol sends it. `__type` is what its JSON 1.1 protocol
    /// (CloudWatch Logs) reads instead of the header.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "__type": code, "message": message });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            error_type: HeaderValue::from_str(code).ok(),
            ..Self::json(status, &body)
        }
    }

    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// As it is sent, under this request id.
    pub(super) fn whole(self, request_id: &str) -> Response {
        self.response(request_id, 0)
    }

    /// The length of all, and less than that. Then the connection is closed.
    pub(super) fn cut(self, request_id: &str) -> Response {
        let kept_back = KEPT_BACK.min(self.body.len());
        self.response(request_id, kept_back)
    }

    fn response(mut self, request_id: &str, kept_back: usize) -> Response {
        let promised = self.body.len();
        self.body.truncate(promised - kept_back);
        let body = ReplyBody {
            promised,
            stage: Stage::Unsent(self.body),
        };
        let mut response = hyper::Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type);
        if let Some(error_type) = self.error_type {
            headers.insert(ERROR_TYPE, error_type);
        }
        if let Ok(request_id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", request_id);
        }
        response
    }
}

pub(super) type Response = hyper::Response<ReplyBody>;

/// A body that may promise more than it gives.
#[derive(Debug)]
pub(super) struct ReplyBody {
    promised: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Unsent(Bytes),
    /// So many bytes are missing; what there is may still be on its way.
    Flushing(usize),
    Broken(usize),
    Sent,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match std::mem::replace(&mut self.stage, Stage::Sent) {
            Stage::Unsent(bytes) => {
                let missing = self.promised - bytes.len();
                if missing > 0 {
                    self.stage = Stage::Flushing(missing);
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Stage::Flushing(missing) => {
                // hyper writes out what it has while a body waits, and not when it fails.
                self.stage = Stage::Broken(missing);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Stage::Broken(missing) => Poll::Ready(Some(Err(CutShort { missing }))),
            Stage::Sent => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Sent) || self.promised == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised as u64)
    }
}

/// The rest of a reply that was cut on purpose.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutShort {
    missing: usize,
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes of the reply are kept back on purpose",
            self.missing
        )
    }
}

impl std::error::Error for CutShort {}

/// A reply that was lost on purpose: the connection is closed without a byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct LostReply;

impl fmt::Display for LostReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply is lost on purpose")
    }
}

impl std::error::Error for LostReply {}
