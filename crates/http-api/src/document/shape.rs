//! What poem-openapi's draft says otherwise than it is.

use serde_json::{Value, json};

/// Bodies of requests and problems leave fields out; every other object is always written whole.
const LEAVE_FIELDS_OUT: [&str; 3] = ["SubmitJobRequest", "RunnerReport", "Problem"];

/// Of these, a field that nobody knows is refused.
const REFUSE_OTHER_FIELDS: [&str; 1] = ["SubmitJobRequest"];

/// Groups of operations in the order in which a reader needs them; the draft has the alphabet's.
const TAGS: [&str; 5] = ["Jobs", "Webhooks", "Job types", "Runner", "Health"];

pub(super) fn mend(document: &mut Value) {
    if let Some(tags) = document["tags"].as_array_mut() {
        let place = |tag: &Value| TAGS.iter().position(|name| tag["name"] == *name);
        tags.sort_by_key(|tag| place(tag).unwrap_or(TAGS.len()));
    }
    each_object(document, &mut |object| {
        mend_reference(object);
        mend_number(object);
        drop_defaults(object);
        mend_header_names(object);
        mend_summary(object);
    });
    let schemas = document["components"]["schemas"]
        .as_object_mut()
        .into_iter()
        .flatten();
    for (name, schema) in schemas {
        if !LEAVE_FIELDS_OUT.contains(&name.as_str()) {
            require_all_fields(schema);
        }
        if REFUSE_OTHER_FIELDS.contains(&name.as_str()) {
            schema["additionalProperties"] = json!(false);
        }
    }
}

pub(super) type Object = serde_json::Map<String, Value>;

pub(super) fn each_object(value: &mut Value, mend: &mut dyn FnMut(&mut Object)) {
    match value {
        Value::Object(object) => {
            mend(object);
            object
                .values_mut()
                .for_each(|value| each_object(value, mend));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| each_object(value, mend)),
        _ => {}
    }
}

/// A reference with a description comes as `allOf` of the reference and a second schema that
/// repeats what stands beside it. Null would fit nowhere there, as `nullable` without a type
/// says nothing (OpenAPI 3.0.3): it is a schema of its own.
fn mend_reference(object: &mut Object) {
    let Some(Value::Array(parts)) = object.get_mut("allOf") else {
        return;
    };
    parts.retain(|part| part.get("$ref").is_some());
    if object.remove("nullable") == Some(Value::Bool(true))
        && let Some(Value::Array(mut parts)) = object.remove("allOf")
    {
        // The type and `nullable` add nothing, and without them some readers see no null.
        parts.push(json!({"type": "string", "nullable": true, "enum": [null]}));
        object.insert("oneOf".to_owned(), Value::Array(parts));
    }
}

/// Rust's integers as those that OpenAPI knows, with their bounds, and bounds without a fraction.
fn mend_number(object: &mut Object) {
    if object.get("type").is_none_or(|kind| kind != "integer") {
        return;
    }
    let (format, bounds) = match object.get("format").and_then(Value::as_str) {
        Some("uint8") => ("int32", Some((0, Some(u32::from(u8::MAX))))),
        Some("uint16") => ("int32", Some((0, Some(u32::from(u16::MAX))))),
        Some("uint32") => ("int64", Some((0, Some(u32::MAX)))),
        Some("uint64") => ("int64", Some((0, None))),
        Some("int64") => ("int64", None),
        _ => ("int32", None),
    };
    object.insert("format".to_owned(), json!(format));
    if let Some((least, most)) = bounds {
        object.entry("minimum").or_insert(json!(least));
        if let Some(most) = most {
            object.entry("maximum").or_insert(json!(most));
        }
    }
    for bound in ["minimum", "maximum"] {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "bounds of integers are written as whole numbers"
        )]
        if let Some(whole) = object.get(bound).and_then(Value::as_f64) {
            object.insert(bound.to_owned(), json!(whole as i64));
        }
    }
}

/// What a reader takes for granted.
fn drop_defaults(object: &mut Object) {
    if object.contains_key("in") && object.contains_key("schema") {
        object.retain(|name, value| {
            let is_default = match name.as_str() {
                "deprecated" => *value == false,
                "explode" => *value == true,
                _ => false,
            };
            !is_default
        });
    }
}

/// The draft requires only what is never null; in our answers null is written out.
fn require_all_fields(schema: &mut Value) {
    if let Some(properties) = schema["properties"].as_object() {
        let names: Vec<&String> = properties.keys().collect();
        schema["required"] = json!(names);
    }
}

fn mend_header_names(object: &mut Object) {
    if object.get("in").is_some_and(|place| place == "header")
        && let Some(Value::String(name)) = object.get_mut("name")
    {
        *name = title_case(name);
    }
    if let Some(Value::Object(headers)) = object.get_mut("headers") {
        let named = std::mem::take(headers).into_iter();
        *headers = named
            .map(|(name, header)| (title_case(&name), header))
            .collect();
    }
}

/// The first sentence of an operation's documentation is the title of its description.
fn mend_summary(object: &mut Object) {
    if object.contains_key("operationId")
        && let Some(Value::String(summary)) = object.get_mut("summary")
        && summary.ends_with('.')
    {
        summary.pop();
    }
}

/// `X-REQUEST-ID` as people write it.
fn title_case(name: &str) -> String {
    if let Some(known) = ["ETag", "WWW-Authenticate", "X-API-Key"]
        .iter()
        .find(|n| n.eq_ignore_ascii_case(name))
    {
        return (*known).to_owned();
    }
    let parts = name.split('-').map(|part| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
    });
    parts.collect::<Vec<_>>().join("-")
}
