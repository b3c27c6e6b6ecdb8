//! What poem-openapi's draft says otherwise than it is.

use serde_json::{Value, json};

/// Bodies of requests and problems leave fields out; every other object is always written whole.
const LEAVE_FIELDS_OUT: [&str; 3] = ["SubmitJobRequest", "RunnerReport", "Problem"];

/// Groups of operations in the order in which a reader needs them; the draft has the alphabet's.
const TAGS: [&str; 4] = ["Jobs", "Job types", "Runner", "Health"];

pub(super) fn mend(document: &mut Value) {
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.sort_by_key(|tag| TAGS.iter().position(|name| tag["name"] == *name));
    }
    each_object(document, &mut mend_nullable_reference);
    let schemas = document["components"]["schemas"]
        .as_object_mut()
        .into_iter()
        .flatten();
    for (name, schema) in schemas {
        if !LEAVE_FIELDS_OUT.contains(&name.as_str()) {
            require_all_fields(schema);
        }
    }
    each_object(document, &mut |object| {
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
    });
}

type Object = serde_json::Map<String, Value>;

fn each_object(value: &mut Value, mend: &mut dyn FnMut(&mut Object)) {
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
/// repeats what stands beside it. That second one allows null and nothing else does, so that
/// null would fit nowhere.
fn mend_nullable_reference(object: &mut Object) {
    if let Some(Value::Array(parts)) = object.get_mut("allOf") {
        parts.retain(|part| part.get("$ref").is_some());
    }
}

/// The draft requires only what is never null; in our answers null is written out.
fn require_all_fields(schema: &mut Value) {
    if let Some(properties) = schema["properties"].as_object() {
        let names: Vec<&String> = properties.keys().collect();
        schema["required"] = json!(names);
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
