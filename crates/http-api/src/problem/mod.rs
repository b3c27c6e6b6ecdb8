//! Everything that goes wrong is answered as `application/problem+json` (RFC 9457), made here.

mod from_request_error;
mod kind;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use batchway_application::Violation;
use poem::error::ResponseError;
use poem::http::{HeaderName, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;

pub use kind::{PROBLEM_BASE, ProblemKind};

/// After this a gateway that was not ready may be.
const NOT_READY_PAUSE: Duration = Duration::from_secs(5);

/// One occurrence of a problem, on its way to the edge, which knows the request's id.
///
/// What a caller is told stands in typed fields; the cause goes to the log alone.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    detail: String,
    member: Member,
    headers: Vec<(HeaderName, String)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What a problem says beyond what all of them say.
#[derive(Debug)]
enum Member {
    Nothing,
    /// What is wrong with the request's content.
    Errors(Vec<Violation>),
    /// Why the gateway is not ready.
    Reasons(Vec<String>),
    /// The job that it is about.
    Job(String),
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            member: Member::Nothing,
            headers: Vec::new(),
            cause: None,
        }
    }

    /// Well-formed content that is wrong at these places.
    pub(crate) fn invalid(errors: Vec<Violation>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{} {}", only.pointer, only.detail),
            several => format!("{} things are wrong; errors lists them", several.len()),
        };
        Self {
            member: Member::Errors(errors),
            ..Self::new(ProblemKind::InvalidRequest, detail)
        }
    }

    /// Requests can't be served now, for these reasons.
    pub(crate) fn not_ready(reasons: Vec<String>) -> Self {
        let detail = "Requests can't be served now; reasons says why.";
        Self {
            member: Member::Reasons(reasons),
            ..Self::new(ProblemKind::NotReady, detail)
        }
        .retry_after(NOT_READY_PAUSE)
    }

    /// Neither header holds a key that could be good.
    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(ProblemKind::Unauthorized, detail)
            .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"batchway\"")
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        self.with_header(header::RETRY_AFTER, wait.as_secs().max(1).to_string())
    }

    fn about_job(mut self, id: impl Into<String>) -> Self {
        self.member = Member::Job(id.into());
        self
    }

    pub(crate) fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// What is known of the cause, for the log.
    pub(crate) fn cause(&self) -> Option<String> {
        let mut causes = self.cause.as_deref()?.to_string();
        let mut next = self.cause.as_deref()?.source();
        while let Some(source) = next {
            causes = format!("{causes}: {source}");
            next = source.source();
        }
        Some(causes)
    }

    /// The answer to the request of this id.
    pub(crate) fn into_answer(self, request_id: &str) -> Response {
        let mut document = ProblemDocument {
            kind: self.kind.uri(),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail,
            request_id: request_id.to_owned(),
            job_id: None,
            errors: None,
            reasons: None,
        };
        match self.member {
            Member::Nothing => {}
            Member::Errors(errors) => {
                document.errors = Some(errors.into_iter().map(InvalidPart::from).collect());
            }
            Member::Reasons(reasons) => document.reasons = Some(reasons),
            Member::Job(id) => document.job_id = Some(id),
        }
        let body = serde_json::to_vec(&document).expect("a problem holds only text and numbers");
        let builder = Response::builder()
            .status(self.kind.status())
            .content_type(ProblemDocument::CONTENT_TYPE)
            .header(header::CACHE_CONTROL, "no-store");
        let headers = self.headers.into_iter();
        headers
            .fold(builder, |builder, (name, value)| {
                builder.header(name, value)
            })
            .body(body)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind.title(), self.detail)
    }
}

impl Error for Problem {}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

/// Handlers answer `Result<…, Problem>`. Which problems an operation has is said beside it, in
/// its notes, and enters the document from there.
impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType {
            content_type: ProblemDocument::CONTENT_TYPE,
            schema: ProblemDocument::schema_ref(),
        }];
        let any = MetaResponse {
            description: "A problem.",
            status: None,
            status_range: None,
            content,
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![any],
        }
    }

    fn register(registry: &mut Registry) {
        ProblemDocument::register(registry);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_answer("")
    }
}

/// What went wrong, as RFC 9457 has it. Tell problems apart by `type`.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Problem")]
pub(crate) struct ProblemDocument {
    /// A stable URI that names the kind of problem, described in `docs/problems.md`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: String,
    /// A short summary of the kind.
    title: String,
    /// The HTTP status once more.
    status: u16,
    /// What happened this time, to what, and what to do.
    detail: String,
    /// Names this request in the gateway's log; also the `X-Request-Id` header.
    request_id: String,
    /// The job that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    /// What is wrong with the request's content, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<InvalidPart>>,
    /// Why the gateway is not ready, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<String>>,
}

impl ProblemDocument {
    pub(crate) const CONTENT_TYPE: &'static str = "application/problem+json";
}

/// One thing that is wrong with the request's content.
#[derive(Debug, Serialize, Object)]
pub(crate) struct InvalidPart {
    /// JSON Pointer (RFC 6901) to it; empty for the whole body.
    pointer: String,
    /// What is wrong with it.
    detail: String,
}

impl From<Violation> for InvalidPart {
    fn from(Violation { pointer, detail }: Violation) -> Self {
        Self { pointer, detail }
    }
}
