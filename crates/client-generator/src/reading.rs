//! The document as the generator has to be given it: the same API, said in the words that it knows.

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Words of which there will be more, as the document says: to a client of today a new one is text
/// and no reason to read nothing of an answer.
const GROWING: [&str; 2] = ["FailureClass", "WebhookEventType"];

pub(crate) fn as_the_generator_reads_it(mut document: Value) -> Value {
    let texts = take_texts(&mut document);
    each_object(&mut document, &mut |object| {
        read_problems_as_json(object);
        leave_values_to_the_gateway(object);
        read_null_as_null(object);
        count_without_a_sign(object);
        read_in_place(object, &texts);
    });
    document
}

/// The schemas that are nothing but text, out of the document, as references to them: each would
/// become a type that has to be made of a text and turned back into one.
fn take_texts(document: &mut Value) -> Vec<Value> {
    let schemas = document.pointer_mut("/components/schemas");
    let Some(schemas) = schemas.and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let is_text = |name: &String, schema: &Value| {
        schema["type"] == "string"
            && (schema.get("enum").is_none() || GROWING.contains(&name.as_str()))
    };
    let names: Vec<String> = schemas
        .iter()
        .filter(|(name, schema)| is_text(name, schema))
        .map(|(name, _)| name.clone())
        .collect();
    schemas.retain(|name, _| !names.contains(name));
    names
        .into_iter()
        .map(|name| json!({"$ref": format!("#/components/schemas/{name}")}))
        .collect()
}

/// A reference to one of the texts is that text.
fn read_in_place(object: &mut Object, texts: &[Value]) {
    let is_one = |part: &Object| {
        let reference = part.get("$ref");
        reference.is_some() && texts.iter().any(|text| text.get("$ref") == reference)
    };
    let is_one_with_a_description = match object.get("allOf").and_then(Value::as_array) {
        Some(parts) => matches!(parts.as_slice(), [Value::Object(part)] if is_one(part)),
        None => false,
    };
    if is_one_with_a_description || is_one(object) {
        object.remove("allOf");
        object.remove("$ref");
        object.insert("type".to_owned(), json!("string"));
    }
}

/// progenitor takes every content type but `application/json` for a stream of bytes, and a problem
/// would come without its type.
fn read_problems_as_json(object: &mut Object) {
    if let Some(Value::Object(content)) = object.get_mut("content")
        && let Some(problem) = content.remove("application/problem+json")
    {
        content.insert("application/json".to_owned(), problem);
    }
}

/// What a value must be like, the gateway judges, in words. A client of yesterday is not to refuse
/// what the gateway of today takes; nor has each text a type of its own then.
fn leave_values_to_the_gateway(object: &mut Object) {
    if object.get("type").is_some_and(|kind| kind == "string") {
        for constraint in ["pattern", "minLength", "maxLength"] {
            object.remove(constraint);
        }
    }
    if object.contains_key("in")
        && let Some(Value::Object(schema)) = object.get_mut("schema")
    {
        for constraint in ["minimum", "maximum"] {
            schema.remove(constraint);
        }
    }
}

/// progenitor knows the schema of null alone by its one value and by nothing beside it.
fn read_null_as_null(object: &mut Object) {
    if object
        .get("enum")
        .is_some_and(|values| *values == json!([null]))
    {
        object.retain(|name, _| name == "enum");
    }
}

/// OpenAPI has names for numbers with a sign only. progenitor knows those without one, too.
fn count_without_a_sign(object: &mut Object) {
    let unsigned = match object.get("format").and_then(Value::as_str) {
        Some("int32") => "uint32",
        Some("int64") => "uint64",
        _ => return,
    };
    if object.get("minimum").and_then(Value::as_u64).is_some() {
        object.remove("minimum");
        object.insert("format".to_owned(), json!(unsigned));
    }
}

fn each_object(value: &mut Value, change: &mut dyn FnMut(&mut Object)) {
    match value {
        Value::Object(object) => {
            change(object);
            for value in object.values_mut() {
                each_object(value, change);
            }
        }
        Value::Array(items) => {
            for item in items {
                each_object(item, change);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_its_one_value() {
        let read = as_the_generator_reads_it(json!([
            {"oneOf": [{"$ref": "#/a"}, {"type": "string", "nullable": true, "enum": [null]}]},
        ]));
        assert_eq!(
            read,
            json!([{"oneOf": [{"$ref": "#/a"}, {"enum": [null]}]}])
        );
    }

    #[test]
    fn a_problem_is_read_as_the_json_that_it_is() {
        let read = as_the_generator_reads_it(
            json!({"404": {"content": {"application/problem+json": {"schema": {}}}}}),
        );
        assert_eq!(
            read,
            json!({"404": {"content": {"application/json": {"schema": {}}}}})
        );
    }

    #[test]
    fn what_a_value_must_be_like_is_left_to_the_gateway() {
        let read = as_the_generator_reads_it(json!([
            {"type": "string", "pattern": "^a$", "maxLength": 3, "format": "date-time"},
            {"in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
            {"type": "integer", "minimum": 0},
        ]));
        assert_eq!(
            read,
            json!([
                {"type": "string", "format": "date-time"},
                {"in": "query", "schema": {"type": "integer"}},
                {"type": "integer", "minimum": 0},
            ])
        );
    }

    #[test]
    fn what_is_nothing_but_text_has_no_type_of_its_own() {
        let job_id = json!({"$ref": "#/components/schemas/JobId"});
        let status = json!({"$ref": "#/components/schemas/JobStatus"});
        let words = json!({"type": "string", "enum": ["queued"]});
        let read = as_the_generator_reads_it(json!({
            "components": {"schemas": {
                "FailureClass": words,
                "JobId": {"type": "string", "pattern": "^job_"},
                "JobStatus": words,
                "Job": {"properties": {
                    "class": {"$ref": "#/components/schemas/FailureClass"},
                    "job_id": {"allOf": [job_id], "description": "Its id."},
                    "status": status,
                }},
            }},
            "parameter": {"schema": job_id},
        }));
        assert_eq!(
            read,
            json!({
                "components": {"schemas": {
                    "JobStatus": words,
                    "Job": {"properties": {
                        "class": {"type": "string"},
                        "job_id": {"type": "string", "description": "Its id."},
                        "status": status,
                    }},
                }},
                "parameter": {"schema": {"type": "string"}},
            })
        );
    }

    #[test]
    fn what_is_counted_has_no_sign() {
        let read = as_the_generator_reads_it(json!([
            {"type": "integer", "format": "int64", "minimum": 0},
            {"type": "integer", "format": "int32"},
        ]));
        assert_eq!(
            read,
            json!([
                {"type": "integer", "format": "uint64"},
                {"type": "integer", "format": "int32"},
            ])
        );
    }
}
