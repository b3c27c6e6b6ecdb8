use std::collections::BTreeSet;

use batchway_domain::identity::JobId;

use super::*;

/// Every operation with its method and path.
fn operations() -> Vec<(String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().clone();
    paths
        .into_iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().clone().into_iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn the_document_is_the_same_every_time() {
    let text = openapi_document();
    assert_eq!(text, openapi_document());
    assert!(text.starts_with("{\n  \"openapi\": \"3.0.3\"") && text.ends_with("}\n"));
}

#[test]
fn groups_come_in_the_order_in_which_they_are_needed() {
    let document = document();
    let tags = document["tags"].as_array().unwrap().iter();
    let names: Vec<&str> = tags.map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Jobs", "Webhooks", "Job types", "Runner", "Health"]);
}

#[test]
fn headers_bear_the_names_that_people_write() {
    let document = document();
    let parameters = &document["paths"]["/api/v1/jobs"]["post"]["parameters"];
    assert_eq!(parameters[0]["name"], "Idempotency-Key");
    assert_eq!(
        document["components"]["securitySchemes"]["ApiKeyHeader"]["name"],
        "X-API-Key"
    );
    let accepted = &document["paths"]["/api/v1/jobs"]["post"]["responses"]["202"]["headers"];
    assert!(accepted["Location"].is_object());
}

#[test]
fn every_operation_says_all_of_itself() {
    let mut ids = BTreeSet::new();
    for (name, operation) in operations() {
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: id"));
        assert!(ids.insert(id.to_owned()), "{name}: {id} is taken");
        let text = |field: &str| {
            let text = operation[field].as_str();
            text.unwrap_or_else(|| panic!("{name}: {field}"))
        };
        assert!(!text("summary").ends_with('.'), "{name}: a title");
        assert!(text("description").ends_with('.'), "{name}: sentences");
        assert!(
            operation["tags"]
                .as_array()
                .is_some_and(|tags| tags.len() == 1),
            "{name}: tag"
        );
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{name}: {parameter}");
            assert!(!parameter["example"].is_null(), "{name}: {parameter}");
        }
        if let Some(body) = operation.get("requestBody") {
            let example = &body["content"]["application/json"]["example"];
            assert!(example.is_object(), "{name}: an example of the request");
        }
    }
    assert_eq!(
        ids.len(),
        crate::operations::notes().len(),
        "each has notes: {ids:?}"
    );
}

#[test]
fn every_answer_has_a_description_and_an_example() {
    for (name, operation) in operations() {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let what = format!("{name} {status}");
            assert!(
                answer["description"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{what}"
            );
            let headers = answer["headers"].as_object().unwrap();
            assert!(headers.contains_key("X-Request-Id"), "{what}");
            for (header, says) in headers {
                let is_complete = says["description"].is_string() && !says["example"].is_null();
                assert!(is_complete || says["$ref"].is_string(), "{what}: {header}");
            }
            let content = answer["content"].as_object();
            match status.as_bytes()[0] {
                b'2' => {
                    let content = &content.unwrap()["application/json"];
                    let has = |field: &str| content.get(field).is_some_and(Value::is_object);
                    assert!(has("example") != has("examples"), "{what}");
                }
                b'3' => assert_eq!(content, None, "{what}"),
                _ => {
                    let content = &content.unwrap()["application/problem+json"];
                    assert!(
                        !content["examples"].as_object().unwrap().is_empty(),
                        "{what}"
                    );
                }
            }
        }
    }
}

#[test]
fn problems_follow_from_what_an_operation_takes() {
    for (name, operation) in operations() {
        let has = |status: &str| operation["responses"].get(status).is_some();
        let takes_key = !operation["security"].as_array().unwrap().is_empty();
        assert_eq!(has("401"), takes_key, "{name}");
        assert_eq!(has("404"), name.contains('{'), "{name}");
        let takes_body = operation.get("requestBody").is_some();
        for status in ["408", "413", "415", "422"] {
            assert_eq!(has(status), takes_body, "{name} {status}");
        }
        assert!(has("400"), "{name}: any query can be wrong");
    }
}

/// Whether a value fits a schema, as far as our document uses them.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return fits(document, target.expect("references lead somewhere"), value);
    }
    if value.is_null() && schema["nullable"] == true {
        return Ok(());
    }
    if let Some(parts) = schema["oneOf"].as_array() {
        let fitting = parts
            .iter()
            .filter(|part| fits(document, part, value).is_ok());
        return match fitting.count() {
            1 => Ok(()),
            several => Err(format!("{value} fits {several} of {parts:?}")),
        };
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts
            .iter()
            .try_for_each(|part| fits(document, part, value));
    }
    let type_fits = match schema["type"].as_str() {
        None => true,
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => return Err(format!("unknown type {other}")),
    };
    let word_fits = schema["enum"]
        .as_array()
        .is_none_or(|words| words.contains(value));
    if !type_fits || !word_fits {
        return Err(format!("{value} does not fit {schema}"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item)?;
    }
    let no_names = Vec::new();
    for name in schema["required"].as_array().unwrap_or(&no_names) {
        let name = name.as_str().unwrap_or_default();
        value
            .get(name)
            .ok_or_else(|| format!("{name} is missing in {value}"))?;
    }
    let Some(properties) = schema["properties"].as_object() else {
        return Ok(());
    };
    for (name, value) in value.as_object().into_iter().flatten() {
        let schema = properties
            .get(name)
            .ok_or_else(|| format!("{name} is not described"))?;
        fits(document, schema, value).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let check = |name: &str, content: &Value| {
        for media_type in content
            .as_object()
            .into_iter()
            .flat_map(|content| content.values())
        {
            let several = media_type["examples"].as_object().into_iter().flatten();
            let values = several.map(|(_, example)| &example["value"]);
            for value in values.chain(media_type.get("example")) {
                fits(&document, &media_type["schema"], value)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    };
    for (name, operation) in operations() {
        check(&name, &operation["requestBody"]["content"]);
        for (status, answer) in operation["responses"].as_object().unwrap() {
            check(&format!("{name} {status}"), &answer["content"]);
        }
    }
    let event = &received_event(&document)["requestBody"]["content"];
    check("callback", event);
}

/// The operation of whoever receives webhooks.
fn received_event(document: &Value) -> &Value {
    let callbacks = &document["paths"]["/api/v1/jobs"]["post"]["callbacks"];
    &callbacks["job_event"]["{$request.body#/webhook_url}"]["post"]
}

#[test]
fn webhooks_are_callbacks_of_the_job_that_names_them() {
    let document = document();
    let operation = received_event(&document);
    let parameters = operation["parameters"].as_array().unwrap().iter();
    let headers: Vec<&str> = parameters
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        headers,
        ["webhook-id", "webhook-timestamp", "webhook-signature"]
    );
    let content = &operation["requestBody"]["content"]["application/json"];
    assert_eq!(
        content["schema"]["$ref"],
        "#/components/schemas/WebhookEvent"
    );
    let event = &document["components"]["schemas"]["WebhookEvent"];
    assert_eq!(event["required"], json!(["data", "timestamp", "type"]));
    let kinds = &document["components"]["schemas"]["WebhookEventType"]["enum"];
    let shown: BTreeSet<&str> = content["examples"]
        .as_object()
        .unwrap()
        .values()
        .map(|example| example["value"]["type"].as_str().unwrap())
        .collect();
    let kinds = kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind.as_str().unwrap());
    assert_eq!(shown, kinds.collect(), "an example of each");
}

#[test]
fn every_field_has_a_description_and_every_enumeration_a_name() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name}");
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(schema["description"].is_string(), "{name}.{property}");
            assert!(
                schema.get("enum").is_none(),
                "{name}.{property} has no name"
            );
        }
    }
}

#[test]
fn ids_and_names_of_types_have_one_schema_each() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let job_id = json!([{"$ref": "#/components/schemas/JobId"}]);
    for object in ["Job", "SubmittedJob", "ArtifactList"] {
        assert_eq!(
            schemas[object]["properties"]["job_id"]["allOf"], job_id,
            "{object}"
        );
    }
    assert_eq!(schemas["Problem"]["properties"]["job_id"]["type"], "string");
    let of_path = &document["paths"]["/api/v1/jobs/{job_id}"]["get"]["parameters"][1];
    assert_eq!(of_path["schema"], job_id[0], "{of_path}");
    let pattern = schemas["JobId"]["pattern"].as_str().unwrap();
    assert_eq!(
        pattern,
        format!("^job_[0-9a-z]{{{}}}$", JobId::LENGTH - "job_".len())
    );
}

#[test]
fn numbers_are_those_that_readers_know() {
    let document = document();
    let properties = |object: &str| &document["components"]["schemas"][object]["properties"];
    let progress = &properties("Job")["progress"];
    let bounds = (
        &progress["format"],
        &progress["minimum"],
        &progress["maximum"],
    );
    assert_eq!(bounds, (&json!("int32"), &json!(0), &json!(100)));
    let size = &properties("Artifact")["size"];
    assert_eq!(
        (&size["format"], &size["minimum"]),
        (&json!("int64"), &json!(0))
    );
    let attempt = &properties("RunnerReport")["attempt"];
    assert_eq!(
        (&attempt["format"], &attempt["maximum"]),
        (&json!("int64"), &json!(u32::MAX))
    );
}

#[test]
fn what_can_be_null_is_so_with_a_type() {
    let document = document();
    let job = &document["components"]["schemas"]["Job"]["properties"];
    assert_eq!(
        (&job["error"]["type"], &job["error"]["nullable"]),
        (&json!("string"), &json!(true))
    );
    let failure = &job["failure"];
    assert!(fits(&document, failure, &Value::Null).is_ok(), "{failure}");
    assert!(
        failure.get("nullable").is_none(),
        "says nothing without a type: {failure}"
    );
}

#[test]
fn it_is_written_in_the_order_of_reading() {
    let text = openapi_document();
    let is_in_order = |parts: &[&str]| {
        let mut rest = text.as_str();
        for part in parts {
            rest = rest
                .split_once(part)
                .unwrap_or_else(|| panic!("{part} in {parts:?}"))
                .1;
        }
    };
    is_in_order(&["\"openapi\":", "\"info\":", "\"paths\":", "\"components\":"]);
    is_in_order(&[
        "\"/api/v1/jobs\":",
        "/cancel\":",
        "\"/api/v1/job-types\":",
        "\"/healthz\":",
    ]);
    is_in_order(&[
        "submit_job\"",
        "list_jobs\"",
        "get_job\"",
        "check_readiness\"",
    ]);
    is_in_order(&[
        "\"Job\": {",
        "\"job_id\":",
        "\"job_type\":",
        "\"status\":",
        "\"version\":",
    ]);
    is_in_order(&[
        "\"example\": {",
        "\"job_type\":",
        "\"params\":",
        "\"idempotency_key\":",
    ]);
}
