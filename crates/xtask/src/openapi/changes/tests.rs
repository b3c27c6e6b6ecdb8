//! Every kind of change, made to one small document.

mod answers;
mod operations;
mod requests;

use serde_json::{Value, json};

use super::breaking;

fn released() -> Value {
    json!({
        "paths": {"/jobs/{job_id}": {
            "get": {
                "operationId": "get_job",
                "security": [{"ApiKey": []}, {"ApiKeyHeader": []}],
                "parameters": [
                    {"name": "job_id", "in": "path", "required": true,
                     "schema": {"$ref": "#/components/schemas/JobId"}},
                    {"name": "limit", "in": "query",
                     "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}},
                    {"name": "status", "in": "query",
                     "schema": {"type": "string", "enum": ["queued", "running"]}}
                ],
                "responses": {
                    "200": {
                        "headers": {
                            "ETag": {"schema": {"type": "string"}},
                            "Location": {"required": true, "schema": {"type": "string"}}
                        },
                        "content": {"application/json": {
                            "schema": {"$ref": "#/components/schemas/Job"}
                        }}
                    },
                    "404": {"content": {"application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/Problem"}
                    }}}
                }
            },
            "post": {
                "operationId": "submit_job",
                "security": [{"ApiKey": []}],
                "requestBody": {"required": false, "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Request"}
                }}},
                "responses": {"202": {"content": {}}},
                "callbacks": {"event": {"{$request.body#/url}": {"post": {
                    "operationId": "receive",
                    "parameters": [{"name": "webhook-id", "in": "header", "required": true,
                                    "schema": {"type": "string"}}],
                    "requestBody": {"required": true, "content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Event"}
                    }}},
                    "responses": {"2XX": {}, "410": {}}
                }}}}
            }
        }},
        "components": {
            "securitySchemes": {
                "ApiKey": {"type": "http", "scheme": "bearer"},
                "ApiKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
            },
            "schemas": {
                "JobId": {"type": "string", "pattern": "^job_"},
                "Job": {
                    "type": "object",
                    "required": ["job_id", "status", "progress", "failure", "attempts"],
                    "properties": {
                        "job_id": {"allOf": [{"$ref": "#/components/schemas/JobId"}]},
                        "status": {"type": "string", "enum": ["queued", "running", "failed"]},
                        "progress": {"type": "integer", "format": "int32",
                                     "minimum": 0, "maximum": 100},
                        "failure": {"oneOf": [{"$ref": "#/components/schemas/Failure"},
                                              {"type": "string", "nullable": true, "enum": [null]}]},
                        "attempts": {"type": "array", "maxItems": 3,
                                     "items": {"type": "string", "format": "date-time"}},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}}
                    }
                },
                "Failure": {"type": "object", "required": ["message"],
                            "properties": {"message": {"type": "string"}}},
                "Problem": {"type": "object", "required": ["title"],
                            "properties": {"title": {"type": "string"}}},
                "Event": {"type": "object", "required": ["type"],
                          "properties": {"type": {"type": "string"},
                                         "at": {"type": "string", "nullable": true}}},
                "Request": {
                    "type": "object",
                    "required": ["job_type"],
                    "additionalProperties": false,
                    "properties": {
                        "job_type": {"type": "string", "maxLength": 64},
                        "key": {"type": "string", "nullable": true, "minLength": 1},
                        "weight": {"type": "number"},
                        "params": {"type": "object"},
                        "way": {"oneOf": [{"type": "string"}, {"type": "integer"}]}
                    }
                }
            }
        }
    })
}

/// One edit of the document: set the value at a pointer, or remove it.
fn edited(pointer: &str, value: Option<Value>) -> Value {
    let mut document = released();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let name = name.replace("~1", "/");
    let parent = document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {pointer}"));
    match (parent, value) {
        (Value::Object(object), Some(value)) => {
            object.insert(name, value);
        }
        (Value::Object(object), None) => {
            object
                .remove(&name)
                .unwrap_or_else(|| panic!("no {pointer}"));
        }
        (Value::Array(items), Some(value)) => match name.parse::<usize>() {
            Ok(index) => items[index] = value,
            Err(_) => items.push(value),
        },
        (Value::Array(items), None) => {
            items.remove(name.parse().expect("an index"));
        }
        (other, _) => panic!("{other} has no members"),
    }
    document
}

const GET: &str = "/paths/~1jobs~1{job_id}/get";
const POST: &str = "/paths/~1jobs~1{job_id}/post";
const CALLBACK: &str = "/paths/~1jobs~1{job_id}/post/callbacks/event/{$request.body#~1url}/post";
const SCHEMAS: &str = "/components/schemas";

/// The only change that breaks is this one.
#[track_caller]
fn breaks(pointer: &str, value: impl Into<Option<Value>>, expected: &str) {
    let changes = breaking(&released(), &edited(pointer, value.into()));
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes, [expected], "{pointer}");
}

#[track_caller]
fn breaks_nothing(pointer: &str, value: impl Into<Option<Value>>) {
    let changes = breaking(&released(), &edited(pointer, value.into()));
    assert_eq!(changes.into_iter().collect::<Vec<_>>(), [], "{pointer}");
}
