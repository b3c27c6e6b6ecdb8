//! What is answered.

use serde_json::json;

use super::super::breaking;
use super::{GET, SCHEMAS, breaks, breaks_nothing, edited, released};

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
