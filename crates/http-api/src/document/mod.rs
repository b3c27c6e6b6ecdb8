//! The OpenAPI document. poem-openapi writes a draft from the types; one step, [`document`],
//! makes of it a valid document of version 3.0.3 with everything that the types can't say:
//!
//! 1. the version, which the draft says is 3.0.0, and whom to ask;
//! 2. [`shape`]: nulls, numbers, required fields, and names of headers as they are;
//! 3. [`names`]: one schema for each text that has a rule;
//! 4. [`answers`]: from each operation's notes its examples and all its problems;
//! 5. [`links`]: from an answer to the operations that it leads to;
//! 6. [`callbacks`]: what the gateway sends to webhooks;
//! 7. [`examples`]: of every parameter, header and property.
//!
//! It is written in the [`order`] in which a person reads it.

mod answers;
mod callbacks;
mod examples;
mod links;
mod names;
mod order;
mod shape;

use std::collections::HashMap;

use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::{Method, header};
use poem::{Endpoint, Response};
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ContactObject, LicenseObject, OpenApi, OpenApiService};
use serde_json::{Value, json};

pub(crate) use self::answers::NOTHING_SAID;
pub(crate) use self::examples::example_cursor;
use crate::operations::{self, Operations};
use crate::webhook_event::WebhookEventObject;
use order::Order;

const OPENAPI_VERSION: &str = "3.0.3";

const DESCRIPTION: &str = "Runs long jobs, follows them, stops them and hands out their results.\n\n\
    Every request needs an API key: `Authorization: Bearer API_KEY`. Everything that goes wrong \
    is answered as `application/problem+json` (RFC 9457), told apart by its `type`. Times are \
    RFC 3339 in UTC. New fields may be added to any answer.";

/// The OpenAPI document as JSON, the same for the same version of the gateway.
pub fn openapi_document() -> String {
    let mut registry = Registry::new();
    Described::register(&mut registry);
    WebhookEventObject::register(&mut registry);
    let operations = operations::notes().into_iter();
    let operations = operations.map(|notes| notes.operation_id).collect();
    let order = Order::new(&registry, operations);
    let text = serde_json::to_string_pretty(&order.of(&document()));
    text.expect("JSON can be written as JSON") + "\n"
}

/// The document as a tree.
pub(crate) fn document() -> Value {
    let license = LicenseObject::new("MIT OR Apache-2.0")
        .url(concat!(env!("CARGO_PKG_REPOSITORY"), "#licence"));
    let contact = ContactObject::new()
        .name("The Batchway project")
        .url(env!("CARGO_PKG_REPOSITORY"));
    let service = OpenApiService::new(Described, "Batchway", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .license(license)
        .contact(contact)
        .server("/");
    let draft = service.spec();
    let mut document: Value = serde_json::from_str(&draft).expect("poem-openapi writes JSON");
    document["openapi"] = json!(OPENAPI_VERSION);
    callbacks::add_schemas(&mut document);
    shape::mend(&mut document);
    names::give(&mut document);
    answers::add(&mut document, &operations::notes());
    links::add(&mut document);
    callbacks::add(&mut document);
    examples::add(&mut document);
    document
}

/// `GET /openapi.json`
pub(crate) fn endpoint() -> impl Endpoint<Output = Response> + 'static {
    let text = openapi_document();
    make_sync(move |_| {
        Response::builder()
            .content_type("application/json")
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .body(text.clone())
    })
}

/// The operations without an application behind them: enough to describe.
struct Described;

impl OpenApi for Described {
    /// Each operation is an API of its own, and poem-openapi would write the path of two of them
    /// twice, of which readers of JSON keep the last.
    fn meta() -> Vec<MetaApi> {
        let mut paths: Vec<MetaPath> = Vec::new();
        for path in Operations::meta().into_iter().flat_map(|api| api.paths) {
            match paths.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.operations.extend(path.operations),
                None => paths.push(path),
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(registry: &mut Registry) {
        Operations::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

#[cfg(test)]
mod tests;
