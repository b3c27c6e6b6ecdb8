//! # The HTTP edge of Batchway
//!
//! Thin: decode, one use case, encode. Each operation is one file of `operations`; every error
//! becomes a problem document in one place; the OpenAPI document says what there is, and the
//! edge refuses what it doesn't say.
//!
//! [`routes`] is everything that is served, [`serve`] serves it, [`openapi_document`] describes
//! it.

mod artifact_links;
mod authentication;
mod body;
mod delivery_object;
mod document;
mod documentation_page;
mod edge;
mod explanation_examples;
mod explanation_object;
mod job_examples;
mod job_object;
mod mirror_row;
mod operations;
mod parameters;
mod payload;
mod problem;
mod scalars;
mod server;
#[cfg(test)]
mod test_gateway;
mod webhook_event;

use std::sync::Arc;

use batchway_application::Application;
use batchway_domain::ports::Entropy;
use poem::{Endpoint, EndpointExt, Response, Route, get};
use poem_openapi::OpenApiService;

use edge::{Edge, Operation, RouteTable};

pub use document::openapi_document;
pub use explanation_object::encode_explanation;
pub use mirror_row::encode_row;
pub use problem::{PROBLEM_BASE, ProblemKind};
pub use server::serve;
pub use webhook_event::encode_event;

/// What the edge needs besides the application.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Names requests.
    pub entropy: Arc<dyn Entropy>,
}

/// Everything that is served: the API under `/api/v1`, `/healthz`, `/readyz`, `/openapi.json`,
/// `/docs`, and signed links under `/artifacts/`.
pub fn routes(
    application: Application,
    options: HttpOptions,
) -> impl Endpoint<Output = Response> + 'static {
    let api = OpenApiService::new(operations::all(&application), "", "");
    let inner = Route::new()
        .nest("/", api)
        .at("/openapi.json", get(document::endpoint()))
        .nest("/docs", documentation_page::endpoints())
        .at(
            "/artifacts/*key",
            artifact_links::ArtifactLinks::new(application.clone()),
        )
        .map_to_response();
    Edge {
        inner,
        routes: route_table(),
        notes: operations::notes(),
        application,
        entropy: options.entropy,
    }
}

/// The document's paths, and those that stand outside of it.
fn route_table() -> RouteTable {
    let link = Operation {
        query: vec!["expires".to_owned(), "signature".to_owned()],
        ..Operation::default()
    };
    RouteTable::of_document(&document::document())
        .with("/openapi.json", "GET", Operation::default())
        .with("/docs", "GET", Operation::default())
        .with("/docs/rapidoc.js", "GET", Operation::default())
        .with("/docs/start.js", "GET", Operation::default())
        .with("/artifacts/{key...}", "GET", link)
}

#[cfg(test)]
mod tests {
    /// The row of the guide's table of limits that begins so.
    fn row(what: &str) -> &'static str {
        let guide = include_str!("../../../docs/api.md");
        let begins = |line: &&str| line.starts_with(&format!("| {what} |"));
        guide
            .lines()
            .find(begins)
            .unwrap_or_else(|| panic!("no limit of {what}"))
    }

    #[test]
    fn the_guide_names_every_limit_with_its_figure() {
        use crate::{body, parameters, server};
        let seconds = |duration: std::time::Duration| format!("| {} s |", duration.as_secs());
        for (what, figure) in [
            ("body", format!("| {} KiB |", body::MAX_BODY_BYTES / 1024)),
            ("time for a body to arrive", seconds(body::BODY_DEADLINE)),
            (
                "depth of `params`",
                format!("| {} levels |", body::MAX_PARAMS_DEPTH),
            ),
            (
                "page of a list",
                format!("| 1 to {} jobs |", parameters::MAX_PAGE_SIZE),
            ),
            ("`?wait`", seconds(parameters::MAX_WAIT)),
            (
                "head of a request",
                format!("| {} KiB |", server::MAX_HEAD_BYTES / 1024),
            ),
            (
                "time for a head to arrive, and idle time of a connection",
                seconds(server::HEAD_DEADLINE),
            ),
            (
                "time an answer may lie unread",
                seconds(server::STALL_LIMIT),
            ),
            (
                "connections at once",
                format!("| {} |", server::MAX_CONNECTIONS),
            ),
        ] {
            assert!(row(what).contains(&figure), "{what}: {figure}");
        }
    }
}
