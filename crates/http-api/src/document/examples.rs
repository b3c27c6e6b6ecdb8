//! Examples of single values: of parameters and headers by their names, and of the properties
//! of objects out of the examples of whole answers, so that both always say the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::shape::{Object, each_object};
use crate::delivery_object::EXAMPLE_DELIVERY_ID;
use crate::job_object::EXAMPLE_JOB_ID;

const SCALARS: [&str; 4] = ["string", "integer", "number", "boolean"];

pub(super) fn add(document: &mut Value) {
    each_object(&mut document["paths"], &mut |object| {
        add_to_parameter(object);
        if let Some(Value::Object(headers)) = object.get_mut("headers") {
            headers.iter_mut().for_each(add_to_header);
        }
    });
    let seen = Seen::in_all_of(document);
    let schemas = document["components"]["schemas"].as_object_mut();
    for (component, schema) in schemas.into_iter().flatten() {
        for (property, schema) in properties_of(schema) {
            let is_scalar = SCALARS.iter().any(|scalar| schema["type"] == *scalar);
            let shown = seen.0.get(&(component.clone(), property.clone()));
            let example = shown.cloned().or_else(|| of_property(component, property));
            let is_missing = is_scalar && schema.get("example").is_none();
            if let Some(example) = example.filter(|_| is_missing) {
                schema["example"] = example;
            }
        }
    }
}

fn properties_of(schema: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten()
}

fn add_to_parameter(object: &mut Object) {
    let name = match (object.get("name"), object.get("in")) {
        (Some(Value::String(name)), Some(_)) => name.as_str(),
        _ => return,
    };
    if let Some(example) = of_parameter(name).filter(|_| !object.contains_key("example")) {
        object.insert("example".to_owned(), example);
    }
}

fn add_to_header((name, header): (&String, &mut Value)) {
    if header.get("schema").is_some()
        && header.get("example").is_none()
        && let Some(example) = of_header(name)
    {
        header["example"] = example;
    }
}

fn of_parameter(name: &str) -> Option<Value> {
    Some(match name {
        "job_id" => json!(EXAMPLE_JOB_ID),
        "job_type" => json!("run_simulation"),
        "limit" => json!(50),
        "cursor" => json!(example_cursor()),
        "status" => json!("running"),
        "created_after" => json!("2026-03-01T12:00:00Z"),
        "created_before" => json!("2026-03-02T12:00:00+01:00"),
        "wait" => json!("30s"),
        "attempt" => json!(1),
        "tail" => json!(100),
        "delivery_id" => json!(EXAMPLE_DELIVERY_ID),
        "Idempotency-Key" => json!("run-2026-03-01-a"),
        "If-None-Match" => json!("W/\"v9\""),
        _ => return None,
    })
}

fn of_header(name: &str) -> Option<Value> {
    Some(match name {
        "ETag" => json!("W/\"v9\""),
        "Location" => json!(format!("/api/v1/jobs/{EXAMPLE_JOB_ID}")),
        "Idempotent-Replayed" => json!("true"),
        _ => return None,
    })
}

/// What no example of a whole answer shows, as it is null or left out there.
fn of_property(component: &str, property: &str) -> Option<Value> {
    Some(match (component, property) {
        ("SubmitJobRequest", "webhook_url") => json!("https://example.org/hooks/batchway"),
        ("JobType", "max_queue_seconds") => json!(604_800),
        ("JobExplanation", "gives_up_at") => json!("2026-03-08T12:00:00.250Z"),
        ("JobEvidence", "cancel_requested_at") => json!("2026-03-01T12:00:30.000Z"),
        ("JobEvidence", "backend_unreachable_since") => json!("2026-03-01T12:00:28.300Z"),
        ("JobEvidence", "free_slots") => json!(4),
        ("JobEvidence", "not_looked_at") => json!(
            "The queue's compute environments could not be looked at: AWS does not let the gateway \
             do batch:DescribeComputeEnvironments."
        ),
        ("JobLogs", "reason") => json!("The job has not been started yet."),
        ("WebhookDeliveryAttempt", "error") => json!("The receiver did not answer in time."),
        _ => return None,
    })
}

/// A cursor as `next_cursor` gives it.
pub(crate) fn example_cursor() -> String {
    format!("{EXAMPLE_JOB_ID}.u7v1Zy0Jm3n3yJm9s0yQkPpRr0s2aQ0e3f8c1d5b6a4")
}

/// The first value that any example shows of each property, by component and property.
struct Seen(BTreeMap<(String, String), Value>);

impl Seen {
    fn in_all_of(document: &Value) -> Self {
        let mut seen = Self(BTreeMap::new());
        let mut paths = document["paths"].clone();
        each_object(&mut paths, &mut |media_type| {
            let Some(schema) = media_type.get("schema") else {
                return;
            };
            let several = media_type.get("examples").and_then(Value::as_object);
            let several = several.into_iter().flatten();
            let values = several.filter_map(|(_, example)| example.get("value"));
            for value in values.chain(media_type.get("example")) {
                seen.look_at(document, schema, value);
            }
        });
        seen
    }

    fn look_at(&mut self, document: &Value, schema: &Value, value: &Value) {
        if let Some(items) = schema.get("items") {
            for value in value.as_array().into_iter().flatten() {
                self.look_at(document, items, value);
            }
        }
        for several in ["allOf", "oneOf"] {
            for part in schema[several].as_array().into_iter().flatten() {
                self.look_at(document, part, value);
            }
        }
        let Some(reference) = schema["$ref"].as_str() else {
            return;
        };
        let Some(component) = reference.strip_prefix("#/components/schemas/") else {
            return;
        };
        let schema = &document["components"]["schemas"][component];
        let Some(properties) = schema["properties"].as_object() else {
            return;
        };
        for (property, schema) in properties {
            let value = &value[property];
            if !value.is_null() {
                let key = (component.to_owned(), property.clone());
                self.0.entry(key).or_insert_with(|| value.clone());
                self.look_at(document, schema, value);
            }
        }
    }
}
