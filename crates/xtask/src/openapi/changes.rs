//! What a client of the released API would trip over in the document of today.
//!
//! Both documents are walked together. What a client sends must still be taken; what it is sent
//! must still be what it was promised; and generated clients must find the names that they know.
//! Answers may gain fields, values of enumerations and kinds of error, as the document itself
//! announces, and requests may gain what is optional.

mod operations;
mod schemas;
#[cfg(test)]
mod tests;
mod version;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

pub(super) use version::permits_breaking;

/// Something that breaks a client, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    place: String,
    what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)
    }
}

/// Every change from one document to the other that breaks a client.
pub(super) fn breaking(old: &Value, new: &Value) -> BTreeSet<Change> {
    let mut comparison = Comparison {
        old,
        new,
        changes: BTreeSet::new(),
        seen: BTreeSet::new(),
    };
    comparison.documents();
    comparison.changes
}

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    /// From the client to the gateway.
    Taken,
    /// From the gateway to the client.
    Given,
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: BTreeSet<Change>,
    /// Pairs of named schemas that were compared.
    seen: BTreeSet<(String, String, Direction)>,
}

impl Comparison<'_> {
    fn breaks(&mut self, place: &str, what: impl Into<String>) {
        self.changes.insert(Change {
            place: place.to_owned(),
            what: what.into(),
        });
    }
}

/// The target of a reference within the document, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .and_then(|reference| document.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}

/// Names and values of an object; none of anything else.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The members of a list; none of anything else.
fn members(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
