//! The edge that every request passes: it names the request, refuses what the document doesn't
//! know, turns everything that goes wrong into a problem, and writes one line to the log.

mod request_id;
mod route_table;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use batchway_application::Application;
use batchway_domain::ports::Entropy;
use futures_util::FutureExt;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{Endpoint, Request, Response};
use poem_openapi::error::{ParseParamError, ParsePathError};
use tokio::time::Instant;
use tracing::Instrument;

use crate::authentication::Credentials;
use crate::operations::Notes;
use crate::problem::{Problem, ProblemKind};

use request_id::{REQUEST_ID, header_value, request_id};
use route_table::{Audience, Found};
pub(crate) use route_table::{Operation, RouteTable};

/// Sent with every answer.
const SECURITY_HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Wraps everything that is served.
pub(crate) struct Edge<E> {
    pub(crate) inner: E,
    pub(crate) routes: RouteTable,
    pub(crate) notes: Vec<Notes>,
    pub(crate) application: Application,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl<E: Endpoint<Output = Response>> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let id = request_id(request.headers(), &*self.entropy);
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let found = self.routes.find(&method, &path);
        let route = match &found {
            Found::Nothing => "none",
            Found::OtherMethods { template, .. } | Found::Operation { template, .. } => template,
        };
        let span = tracing::info_span!("request", request_id = %id, %method, route);
        Ok(self
            .serve_logged(request, found, &id)
            .instrument(span)
            .await)
    }
}

impl<E: Endpoint<Output = Response>> Edge<E> {
    async fn serve_logged(&self, request: Request, found: Found<'_>, id: &str) -> Response {
        let started = Instant::now();
        // Machines ask this every few seconds; only another answer than always is news.
        let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
        let answer = self.serve(request, found).await.unwrap_or_else(|problem| {
            match problem.cause() {
                Some(cause) => tracing::error!(problem = problem.kind.slug(), cause, "failed"),
                None => tracing::debug!(problem = problem.kind.slug(), %problem, "refused"),
            }
            problem.into_answer(id)
        });
        let status = answer.status().as_u16();
        let milliseconds = (started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
        if is_probe && answer.status().is_success() {
            tracing::debug!(status, milliseconds, "answered");
        } else {
            tracing::info!(status, milliseconds, "answered");
        }
        finish(answer, id)
    }

    async fn serve(&self, request: Request, found: Found<'_>) -> Result<Response, Problem> {
        let operation = match found {
            Found::Nothing => return Err(nothing_here()),
            Found::OtherMethods { allow, .. } => return Err(method_not_allowed(&allow)),
            Found::Operation { operation, .. } => operation,
        };
        let credentials = Credentials::of(request.headers());
        let outcome = match check_query(&request, operation) {
            Ok(()) => self.call_inner(request).await,
            Err(problem) => Err(problem),
        };
        let Err(problem) = outcome else {
            return outcome;
        };
        if problem.kind.blames_content() {
            self.check_credentials(operation.audience, &credentials)
                .await?;
        }
        debug_assert!(
            self.is_declared(operation, problem.kind),
            "undeclared: {problem:?}"
        );
        Err(problem)
    }

    /// Whoever has no key learns nothing, not even what is wrong with the request.
    async fn check_credentials(
        &self,
        audience: Audience,
        credentials: &Credentials,
    ) -> Result<(), Problem> {
        match audience {
            Audience::Anyone => {}
            Audience::Callers => {
                let caller = credentials.caller()?;
                self.application.authenticate(&caller.0).await?;
            }
            Audience::Runners => {
                let token = credentials.runner_token()?;
                self.application.check_job_token(&token.0)?;
            }
        }
        Ok(())
    }

    async fn call_inner(&self, request: Request) -> Result<Response, Problem> {
        match AssertUnwindSafe(self.inner.call(request))
            .catch_unwind()
            .await
        {
            Ok(outcome) => outcome.map_err(into_problem),
            Err(panic) => Err(panicked(&*panic)),
        }
    }

    /// The document says that this operation can answer so. That a path leads nowhere after all
    /// is not about the operation.
    fn is_declared(&self, operation: &Operation, kind: ProblemKind) -> bool {
        let id = operation.id.as_deref();
        let mut notes = self
            .notes
            .iter()
            .filter(|notes| Some(notes.operation_id) == id);
        kind == ProblemKind::NotFound || notes.all(|notes| notes.declare(kind))
    }
}

fn finish(mut answer: Response, id: &str) -> Response {
    let headers = answer.headers_mut();
    headers.insert(REQUEST_ID, header_value(id));
    for (name, value) in SECURITY_HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    // What one caller is answered is not for another, and is old at once.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    answer
}

fn nothing_here() -> Problem {
    let detail = "There is nothing at this path. The API is under /api/v1; /docs describes it.";
    Problem::new(ProblemKind::NotFound, detail)
}

fn method_not_allowed(allow: &str) -> Problem {
    Problem::new(
        ProblemKind::MethodNotAllowed,
        format!("This path takes {allow}."),
    )
    .with_header(header::ALLOW, allow)
}

/// Each parameter at most once, and only those that there are.
fn check_query(request: &Request, operation: &Operation) -> Result<(), Problem> {
    let invalid = |detail: String| Err(Problem::new(ProblemKind::InvalidQuery, detail));
    let Ok(pairs) = request.params::<Vec<(String, String)>>() else {
        return invalid("The query can't be read: write it as name=value&name=value.".to_owned());
    };
    for (index, (name, _)) in pairs.iter().enumerate() {
        if !operation.query.contains(name) {
            let known = match operation.query.as_slice() {
                [] => "none".to_owned(),
                names => names.join(", "),
            };
            return invalid(format!(
                "{name} is not a parameter of this query; there are: {known}."
            ));
        }
        if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
            return invalid(format!("{name} is given more than once."));
        }
    }
    Ok(())
}

/// What poem refuses by itself, in our words.
fn into_problem(error: poem::Error) -> Problem {
    let error = match error.downcast::<Problem>() {
        Ok(problem) => return problem,
        Err(error) => error,
    };
    if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
        let reason = our_words(reason);
        return Problem::new(ProblemKind::InvalidQuery, format!("{name} {reason}."));
    }
    // A path that is not UTF-8 once decoded leads poem nowhere, in one of these ways.
    let leads_nowhere = error.is::<ParsePathError>()
        || error.is::<poem::error::ParsePathError>()
        || error.status() == StatusCode::NOT_FOUND;
    if leads_nowhere {
        return nothing_here();
    }
    internal(format!("unexpected error {}: {error}", error.status()))
}

/// The sentence out of `failed to parse "…": sentence (occurred while parsing "…")`.
fn our_words(reason: &str) -> &str {
    let (_, rest) = reason.split_once(": ").unwrap_or(("", reason));
    rest.split(" (occurred while").next().unwrap_or(rest)
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    internal(format!(
        "panic: {}",
        message.unwrap_or("of an unknown kind")
    ))
}

fn internal(cause: String) -> Problem {
    let detail = "Something failed inside the gateway. It is not your request's fault; show the \
                  operator the request_id.";
    Problem::new(ProblemKind::InternalError, detail).caused_by(std::io::Error::other(cause))
}

#[cfg(test)]
mod tests;
