//! The document as the generator has to be given it: the same API, said in the words that it knows.

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

pub(crate) fn as_the_generator_reads_it(mut document: Value) -> Value {
    each_object(&mut document, &mut |object| {
        read_problems_as_json(object);
        leave_values_to_the_gateway(object);
        read_null_as_null(object);
    });
    document
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
}
