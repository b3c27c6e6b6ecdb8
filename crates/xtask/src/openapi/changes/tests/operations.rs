//! Operations, who may call them, and what they have in common.

use serde_json::json;

use super::super::breaking;
use super::{CALLBACK, GET, POST, SCHEMAS, breaks, breaks_nothing, edited, released};

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
