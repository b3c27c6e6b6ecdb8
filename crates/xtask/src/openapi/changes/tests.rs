//! Every kind of change, made to one small document.

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

#[test]
fn the_same_document_breaks_nothing() {
    assert_eq!(breaking(&released(), &released()).len(), 0);
}

#[test]
fn operations_stay_under_their_names() {
    let gone = breaking(&released(), &edited("/paths/~1jobs~1{job_id}", None));
    assert_eq!(gone.len(), 2, "both operations of the path: {gone:?}");
    breaks(GET, None, "GET /jobs/{job_id}: is no longer there");
    breaks(
        &format!("{GET}/operationId"),
        json!("read_job"),
        r#"GET /jobs/{job_id}: operationId "get_job" is "read_job" now"#,
    );
    breaks_nothing(
        "/paths/~1jobs",
        json!({"get": {"operationId": "list_jobs"}}),
    );
}

#[test]
fn whoever_could_authenticate_still_can() {
    breaks(
        &format!("{GET}/security/1"),
        None,
        r#"GET /jobs/{job_id}: can no longer be opened by {"ApiKeyHeader":[]}"#,
    );
    breaks(
        "/components/securitySchemes/ApiKeyHeader/name",
        json!("X-Key"),
        "security scheme ApiKeyHeader: name is another",
    );
    breaks_nothing(&format!("{GET}/security/-"), json!({"Cookie": []}));
    breaks_nothing(&format!("{GET}/security"), json!([]));
    let open = edited(&format!("{GET}/security"), Some(json!([])));
    let closed = breaking(&open, &released());
    let expected = "GET /jobs/{job_id}: needs authentication now";
    assert_eq!(
        closed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [expected]
    );
}

#[test]
fn parameters_stay_and_none_is_demanded_anew() {
    let limit = "GET /jobs/{job_id}, query parameter limit";
    let pointer = format!("{GET}/parameters/1");
    breaks(&pointer, None, &format!("{limit}: is no longer there"));
    breaks(
        &format!("{pointer}/required"),
        json!(true),
        &format!("{limit}: is required now"),
    );
    let default = format!("{limit}: default 20 is 50 now");
    breaks(&format!("{pointer}/schema/default"), json!(50), &default);
    let tighter = format!("{limit}: maximum 100 is 50 now");
    breaks(&format!("{pointer}/schema/maximum"), json!(50), &tighter);
    breaks_nothing(&format!("{pointer}/schema/maximum"), json!(1000));
    breaks_nothing(&format!("{pointer}/description"), json!("How many."));
    let added =
        |required| json!({"name": "tail", "in": "query", "required": required, "schema": {}});
    let list = format!("{GET}/parameters/-");
    breaks(
        &list,
        added(true),
        "GET /jobs/{job_id}, query parameter tail: is new and required",
    );
    breaks_nothing(&list, added(false));
}

#[test]
fn words_of_a_parameter_may_only_become_more() {
    let words = format!("{GET}/parameters/2/schema/enum");
    let expected = "GET /jobs/{job_id}, query parameter status: the value \"running\" is no \
                    longer there";
    breaks(&words, json!(["queued"]), expected);
    breaks_nothing(&words, json!(["queued", "running", "failed"]));
    breaks_nothing(&words, None);
    let limit = format!("{GET}/parameters/1/schema/enum");
    let expected = "GET /jobs/{job_id}, query parameter limit: only some values are taken now";
    breaks(&limit, json!([20, 50]), expected);
}

#[test]
fn a_body_is_taken_as_it_was() {
    let body = format!("{POST}/requestBody");
    breaks(&body, None, "POST /jobs/{job_id}, body: is no longer there");
    breaks(
        &format!("{body}/required"),
        json!(true),
        "POST /jobs/{job_id}, body: is required now",
    );
    breaks(
        &format!("{body}/content/application~1json"),
        None,
        "POST /jobs/{job_id}, body as application/json: is no longer there",
    );
    let new = json!({"required": true, "content": {}});
    let expected = "GET /jobs/{job_id}, body: is new and required";
    breaks(&format!("{GET}/requestBody"), new, expected);
    breaks_nothing(&format!("{GET}/requestBody"), json!({"content": {}}));
}

#[test]
fn fields_of_requests_stay_and_none_is_demanded_anew() {
    let request = format!("{SCHEMAS}/Request");
    let of = |text: &str| format!("Request (in requests), property {text}");
    breaks(
        &format!("{request}/properties/key"),
        None,
        &of("key: is no longer there"),
    );
    let required = json!(["job_type", "key"]);
    breaks(
        &format!("{request}/required"),
        required,
        &of("key: is required now"),
    );
    breaks_nothing(&format!("{request}/required"), json!([]));
    breaks_nothing(
        &format!("{request}/properties/note"),
        json!({"type": "string"}),
    );
    let mut with_new = edited(&format!("{request}/properties/note"), Some(json!({})));
    with_new["components"]["schemas"]["Request"]["required"] = json!(["job_type", "note"]);
    let changes = breaking(&released(), &with_new);
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes, [of("note: is new and required")]);
}

#[test]
fn values_of_requests_are_taken_as_they_were() {
    let properties = format!("{SCHEMAS}/Request/properties");
    let of = |text: &str| format!("Request (in requests), property {text}");
    let cases = [
        (
            "job_type/maxLength",
            json!(32),
            "job_type: maxLength 64 is 32 now",
        ),
        (
            "job_type/pattern",
            json!("^a"),
            "job_type: pattern null is \"^a\" now",
        ),
        (
            "job_type/format",
            json!("uri"),
            "job_type: format null is \"uri\" now",
        ),
        (
            "job_type/type",
            json!("integer"),
            "job_type: type \"string\" is \"integer\" now",
        ),
        (
            "weight/type",
            json!("integer"),
            "weight: type \"number\" is \"integer\" now",
        ),
        ("weight/minimum", json!(0), "weight: minimum null is 0 now"),
        (
            "weight/multipleOf",
            json!(2),
            "weight: multipleOf null is 2 now",
        ),
        ("key/nullable", json!(false), "key: can't be null any more"),
        ("key/minLength", json!(2), "key: minLength 1 is 2 now"),
        (
            "params/additionalProperties",
            json!(false),
            "params, other properties: are not all taken any more",
        ),
        (
            "way/oneOf/1",
            json!({"type": "boolean"}),
            "way: oneOf has other parts",
        ),
    ];
    for (pointer, value, expected) in cases {
        breaks(&format!("{properties}/{pointer}"), value, &of(expected));
    }
    for (pointer, value) in [
        ("job_type/maxLength", json!(128)),
        ("job_type/nullable", json!(true)),
        ("key/minLength", json!(0)),
        ("way/oneOf/-", json!({"type": "boolean"})),
    ] {
        breaks_nothing(&format!("{properties}/{pointer}"), value);
    }
    breaks_nothing(&format!("{properties}/job_type/maxLength"), None);
    breaks_nothing(
        &format!("{SCHEMAS}/Request/additionalProperties"),
        json!(true),
    );
}

#[test]
fn answers_keep_their_successes_headers_and_types() {
    let answer = format!("{GET}/responses/200");
    let of = |text: &str| format!("GET /jobs/{{job_id}}, answer {text}");
    breaks(&answer, None, &of("200: is no longer given"));
    breaks(
        &format!("{GET}/responses/204"),
        json!({}),
        &of("204: is a new kind of success"),
    );
    breaks_nothing(&format!("{GET}/responses/404"), None);
    breaks_nothing(&format!("{GET}/responses/429"), json!({}));
    let json = format!("{answer}/content/application~1json");
    breaks(
        &json,
        None,
        &of("200 as application/json: is no longer there"),
    );
    let header = |text: &str| of(&format!("200, header {text}"));
    breaks(
        &format!("{answer}/headers/ETag"),
        None,
        &header("ETag: is no longer there"),
    );
    let optional = format!("{answer}/headers/Location/required");
    breaks(
        &optional,
        json!(false),
        &header("Location: can be missing now"),
    );
    let number = format!("{answer}/headers/ETag/schema/type");
    breaks(
        &number,
        json!("integer"),
        &header("ETag: type \"string\" is \"integer\" now"),
    );
    breaks_nothing(
        &format!("{answer}/headers/Age"),
        json!({"schema": {"type": "integer"}}),
    );
}

#[test]
fn answers_keep_what_they_promise() {
    let job = format!("{SCHEMAS}/Job");
    let of = |text: &str| format!("Job (in answers), property {text}");
    let cases = [
        ("progress", None, "progress: is no longer there"),
        (
            "progress/maximum",
            Some(json!(1000)),
            "progress: maximum 100 is 1000 now",
        ),
        ("progress/minimum", None, "progress: minimum 0 is null now"),
        (
            "progress/format",
            Some(json!("int64")),
            "progress: format \"int32\" is \"int64\" now",
        ),
        (
            "progress/type",
            Some(json!("number")),
            "progress: type \"integer\" is \"number\" now",
        ),
        (
            "progress/nullable",
            Some(json!(true)),
            "progress: can be null now",
        ),
        (
            "status/enum/2",
            None,
            "status: the value \"failed\" is no longer there",
        ),
        ("status/enum", None, "status: can have any value now"),
        (
            "attempts/maxItems",
            None,
            "attempts: maxItems 3 is null now",
        ),
        (
            "attempts/items/format",
            None,
            "attempts, items: format \"date-time\" is null now",
        ),
        (
            "labels/additionalProperties",
            Some(json!(true)),
            "labels, other properties: can have any value now",
        ),
        (
            "labels/additionalProperties/type",
            Some(json!("integer")),
            "labels, other properties: type \"string\" is \"integer\" now",
        ),
    ];
    for (pointer, value, expected) in cases {
        breaks(&format!("{job}/properties/{pointer}"), value, &of(expected));
    }
    let fewer = json!(["job_id", "status", "progress", "failure"]);
    breaks(
        &format!("{job}/required"),
        fewer,
        &of("attempts: can be missing now"),
    );
    let pattern = "JobId (in answers): pattern \"^job_\" is \"^j_\" now";
    let changes = breaking(
        &released(),
        &edited(&format!("{SCHEMAS}/JobId/pattern"), Some(json!("^j_"))),
    );
    assert!(
        changes.iter().any(|change| change.to_string() == pattern),
        "{changes:?}"
    );
}

#[test]
fn answers_may_say_more() {
    let job = format!("{SCHEMAS}/Job");
    breaks_nothing(&format!("{job}/properties/cost"), json!({"type": "number"}));
    breaks_nothing(&format!("{job}/properties/status/enum/-"), json!("paused"));
    breaks_nothing(&format!("{job}/properties/progress/maximum"), json!(99));
    breaks_nothing(
        &format!("{job}/properties/progress/description"),
        json!("Percent."),
    );
    breaks_nothing(
        &format!("{job}/properties/failure"),
        json!({"$ref": "#/components/schemas/Failure"}),
    );
}

#[test]
fn named_schemas_keep_their_names() {
    let renamed = json!({"oneOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "string", "nullable": true, "enum": [null]}]});
    let changes = breaking(
        &released(),
        &edited(&format!("{SCHEMAS}/Job/properties/failure"), Some(renamed)),
    );
    let expected = "Job (in answers), property failure: the schema Failure is Problem now";
    assert!(
        changes.iter().any(|change| change.to_string() == expected),
        "{changes:?}"
    );
    breaks(
        &format!("{SCHEMAS}/Job/properties/job_id"),
        json!({"type": "string", "pattern": "^job_"}),
        "Job (in answers), property job_id: the schema JobId is without a name now",
    );
}

#[test]
fn a_schema_behind_a_reference_is_compared_where_it_is_used() {
    breaks(
        &format!("{SCHEMAS}/Failure/properties/message/type"),
        json!("integer"),
        "Failure (in answers), property message: type \"string\" is \"integer\" now",
    );
    breaks(
        &format!("{SCHEMAS}/Problem/properties/title"),
        None,
        "Problem (in answers), property title: is no longer there",
    );
}

#[test]
fn callbacks_are_answers_that_the_gateway_begins() {
    let place = "POST /jobs/{job_id}, callback event to {$request.body#/url}";
    let receive = format!("POST {place}");
    let changes = breaking(
        &released(),
        &edited(&format!("{POST}/callbacks/event"), None),
    );
    assert_eq!(changes.len(), 1, "{changes:?}");
    breaks(
        &format!("{CALLBACK}/parameters/0"),
        None,
        &format!("{receive}, header parameter webhook-id: is no longer there"),
    );
    breaks(
        &format!("{CALLBACK}/parameters/0/required"),
        json!(false),
        &format!("{receive}, header parameter webhook-id: can be missing now"),
    );
    breaks(
        &format!("{CALLBACK}/responses/410"),
        None,
        &format!("{receive}, answer 410: is no longer understood"),
    );
    let event = format!("{SCHEMAS}/Event");
    breaks(
        &format!("{event}/properties/type"),
        None,
        "Event (in answers), property type: is no longer there",
    );
    breaks_nothing(
        &format!("{event}/properties/data"),
        json!({"type": "object"}),
    );
    breaks_nothing(&format!("{event}/properties/at/nullable"), json!(false));
    breaks_nothing(
        &format!("{CALLBACK}/parameters/-"),
        json!({"name": "webhook-key", "in": "header", "required": true, "schema": {}}),
    );
}
