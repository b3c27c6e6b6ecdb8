//! Examples of requests and answers, and the problems of each operation.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::job_object::EXAMPLE_JOB_ID;
use crate::operations::Notes;
use crate::problem::{ProblemDocument, ProblemKind};

/// Reference to the header that every answer has.
const REQUEST_ID_REFERENCE: &str = "#/components/headers/X-Request-Id";

/// What poem-openapi writes of an answer whose type alone says what it is.
pub(crate) const NOTHING_SAID: &str = "Done.";

pub(super) fn add(document: &mut Value, notes: &[Notes]) {
    let schemas = document["components"]["schemas"].clone();
    document["components"]["headers"] = json!({"X-Request-Id": {
        "description": "Names this request in the gateway's log: the `X-Request-Id` that the \
                        caller sent, if it is of this pattern, and otherwise a new one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:/+=-]{1,128}$"},
        "example": EXAMPLE_REQUEST_ID
    }});
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let items = paths.filter_map(|(_, item)| item.as_object_mut());
    for operation in items.flat_map(|item| item.values_mut()) {
        let same = |notes: &&Notes| operation["operationId"] == notes.operation_id;
        if let Some(notes) = notes.iter().find(same) {
            add_to_operation(operation, notes);
            describe_answers(operation, &schemas);
        }
    }
}

fn add_to_operation(operation: &mut Value, notes: &Notes) {
    if let Some(example) = &notes.request {
        operation["requestBody"]["content"]["application/json"]["example"] = example.clone();
    }
    for (status, examples) in by_status(&notes.answers) {
        let content = &mut operation["responses"][status]["content"]["application/json"];
        match examples.as_slice() {
            [only] => content["example"] = Value::clone(only),
            several => content["examples"] = named_by_their_status(several),
        }
    }
    if operation.get("security").is_none() {
        // Said aloud, so that nobody takes it for forgotten.
        operation["security"] = json!([]);
    }
    if let Some(answers) = operation["responses"].as_object_mut() {
        // The types know that there are problems, and not which.
        answers.remove("default");
    }
    let mut by_status: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    for kind in notes.problems.iter().copied().flatten() {
        by_status
            .entry(kind.status().as_u16())
            .or_default()
            .push(*kind);
    }
    for (status, kinds) in by_status {
        operation["responses"][status.to_string()] = problems_of(status, &kinds);
    }
    for answer in operation["responses"]
        .as_object_mut()
        .into_iter()
        .flat_map(|all| all.values_mut())
    {
        answer["headers"]["X-Request-Id"] = json!({"$ref": REQUEST_ID_REFERENCE});
    }
}

/// An answer of which nothing else is said is what its schema is.
fn describe_answers(operation: &mut Value, schemas: &Value) {
    let answers = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, answer) in answers.filter(|(_, answer)| answer["description"] == NOTHING_SAID) {
        let reference = &answer["content"]["application/json"]["schema"]["$ref"];
        let name = reference.as_str().and_then(|path| path.rsplit('/').next());
        answer["description"] = schemas[name.unwrap_or_default()]["description"].clone();
    }
}

fn by_status(answers: &[(u16, Value)]) -> BTreeMap<String, Vec<&Value>> {
    let mut by_status: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for (status, example) in answers {
        by_status
            .entry(status.to_string())
            .or_default()
            .push(example);
    }
    by_status
}

/// Several answers of one operation differ by the status of what they show.
fn named_by_their_status(examples: &[&Value]) -> Value {
    let named = examples.iter().map(|example| {
        let status = example["status"].as_str().unwrap_or_default();
        let summary = format!("A job that is {status}");
        (
            status.to_owned(),
            json!({"summary": summary, "value": example}),
        )
    });
    Value::Object(named.collect())
}

/// All problems of one status.
fn problems_of(status: u16, kinds: &[ProblemKind]) -> Value {
    let titles: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{}.", kind.title()))
        .collect();
    let examples: serde_json::Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let example = json!({"summary": kind.title(), "value": example_of(*kind)});
            (kind.slug().to_owned(), example)
        })
        .collect();
    json!({
        "description": titles.join(" "),
        "headers": headers_of(status),
        "content": {ProblemDocument::CONTENT_TYPE: {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples
        }}
    })
}

fn headers_of(status: u16) -> Value {
    match status {
        401 => json!({"WWW-Authenticate": {
            "description": "How to authenticate.",
            "required": true,
            "schema": {"type": "string"},
            "example": "Bearer realm=\"batchway\""
        }}),
        429 | 503 => json!({"Retry-After": {
            "description": "Seconds after which another attempt may succeed.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
            "example": 30
        }}),
        _ => json!({}),
    }
}

fn example_of(kind: ProblemKind) -> Value {
    let mut problem = json!({
        "type": kind.uri(),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": format!("{}.", kind.title()),
        "request_id": EXAMPLE_REQUEST_ID
    });
    match kind {
        ProblemKind::InvalidRequest => {
            let detail = "is less than the least that is taken, 1";
            let pointer = "/params/simulation_config/config/num_particles";
            problem["detail"] = json!(format!("{pointer} {detail}"));
            problem["errors"] = json!([{"pointer": pointer, "detail": detail}]);
        }
        ProblemKind::JobNotFound | ProblemKind::IdempotencyKeyReused => {
            problem["job_id"] = json!(EXAMPLE_JOB_ID);
        }
        ProblemKind::NotReady => problem["reasons"] = json!(["the gateway is about to stop"]),
        _ => {}
    }
    problem
}

const EXAMPLE_REQUEST_ID: &str = "4be1c7a2d90f4f6c8e3b5a1d7c2f9e60";
