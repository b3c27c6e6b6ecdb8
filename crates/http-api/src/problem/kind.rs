//! The kinds of problem, each with its stable URI, title and status.

use poem::http::StatusCode;

/// Where the kinds of problem are described.
pub const PROBLEM_BASE: &str = "https://batchway.dev/problems/";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        /// What went wrong, as a client's program tells it apart: by `type`, not by `title`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemKind {
            $($(#[$doc])* $name,)*
        }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The last part of its URI.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(Self::$name => $slug,)*
                }
            }

            /// Its HTTP status.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// A short summary, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }
        }
    };
}

kinds! {
    /// The body is not JSON.
    MalformedJson = "malformed-json", BAD_REQUEST, "The body is not JSON";
    /// The body broke off.
    IncompleteBody = "incomplete-body", BAD_REQUEST, "The body could not be read to its end";
    /// A parameter of the query is unknown, given twice, or has a value that it can't have.
    InvalidQuery = "invalid-query", BAD_REQUEST, "The query is not valid";
    /// The cursor was not given out here.
    InvalidCursor = "invalid-cursor", BAD_REQUEST, "The cursor is not valid";
    /// A header has a value that it can't have.
    InvalidHeader = "invalid-header", BAD_REQUEST, "A header is not valid";
    /// No API key, or one that is not good.
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid API key is needed";
    /// No job token, or one that is not good, or no longer.
    InvalidJobToken = "invalid-job-token", UNAUTHORIZED, "A valid job token is needed";
    /// The link was not made here for this artifact.
    LinkRefused = "link-refused", FORBIDDEN, "The link is not valid";
    /// The link was good once.
    LinkExpired = "link-expired", FORBIDDEN, "The link has expired";
    /// There is nothing at this path.
    NotFound = "not-found", NOT_FOUND, "There is nothing at this path";
    /// There is no such job, or it is someone else's.
    JobNotFound = "job-not-found", NOT_FOUND, "There is no such job";
    /// The job has no such delivery.
    DeliveryNotFound = "delivery-not-found", NOT_FOUND, "There is no such webhook delivery";
    /// The object behind a genuine link is gone.
    ArtifactNotFound = "artifact-not-found", NOT_FOUND, "The artifact is no longer there";
    /// The path exists, the method does not.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// The body did not arrive in time.
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "The body took too long to arrive";
    /// The body is larger than taken.
    PayloadTooLarge = "payload-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body is not declared as JSON.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// The range begins after the end.
    RangeNotSatisfiable = "range-not-satisfiable", RANGE_NOT_SATISFIABLE, "The range is outside the artifact";
    /// Well-formed and wrong; `errors` says where.
    InvalidRequest = "invalid-request", UNPROCESSABLE_ENTITY, "The request is not valid";
    /// The idempotency key stands for another request.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for a different request";
    /// The caller has as many active jobs as are allowed.
    TooManyActiveJobs = "too-many-active-jobs", TOO_MANY_REQUESTS, "You have too many active jobs";
    /// A fault of the gateway.
    InternalError = "internal-error", INTERNAL_SERVER_ERROR, "The gateway failed";
    /// A stored record can't be read.
    RecordUnreadable = "record-unreadable", INTERNAL_SERVER_ERROR, "A stored record can't be read";
    /// As many jobs wait as may.
    BacklogFull = "backlog-full", SERVICE_UNAVAILABLE, "Too many jobs are waiting";
    /// The job store can't be used now.
    JobStoreUnavailable = "job-store-unavailable", SERVICE_UNAVAILABLE, "The job store can't be used now";
    /// What runs the job can't be asked now.
    BackendUnavailable = "backend-unavailable", SERVICE_UNAVAILABLE, "The job's backend can't be asked now";
    /// The artifact store can't be used now.
    ArtifactStoreUnavailable = "artifact-store-unavailable", SERVICE_UNAVAILABLE, "The artifact store can't be used now";
    /// Requests can't be served now.
    NotReady = "not-ready", SERVICE_UNAVAILABLE, "The gateway is not ready";
}

impl ProblemKind {
    /// The `type` of the problem document.
    pub fn uri(self) -> String {
        format!("{PROBLEM_BASE}{}", self.slug())
    }

    /// Whether it finds fault with what the caller sent, so that it is told only to those who
    /// may call at all.
    pub(crate) const fn blames_content(self) -> bool {
        matches!(self.status().as_u16(), 400 | 408 | 413 | 415 | 422)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn slugs_are_distinct() {
        let slugs: BTreeSet<&str> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
    }

    #[test]
    fn every_kind_has_a_paragraph_that_names_its_status() {
        let page = include_str!("../../../../docs/problems.md");
        for kind in ProblemKind::ALL {
            let heading = format!("## {}\n", kind.slug());
            let (_, rest) = page
                .split_once(&heading)
                .unwrap_or_else(|| panic!("{heading}"));
            let paragraph = rest.split("\n## ").next().unwrap();
            let status = kind.status().as_u16().to_string();
            assert!(
                paragraph.contains(&status),
                "{heading} must name its status {status}"
            );
        }
        let headings = page.lines().filter(|line| line.starts_with("## ")).count();
        assert_eq!(
            headings,
            ProblemKind::ALL.len(),
            "the page describes nothing else"
        );
    }
}
