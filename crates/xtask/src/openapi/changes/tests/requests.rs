//! What callers send.

use serde_json::json;

use super::super::breaking;
use super::{GET, POST, SCHEMAS, breaks, breaks_nothing, edited, released};

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
