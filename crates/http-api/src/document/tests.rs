use std::collections::BTreeSet;

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
    assert_eq!(names, ["Jobs", "Job types", "Runner", "Health"]);
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
        for field in ["summary", "description"] {
            let text = operation[field]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: {field}"));
            assert!(text.ends_with('.'), "{name}: {field} is a sentence");
        }
        assert!(
            operation["tags"]
                .as_array()
                .is_some_and(|tags| tags.len() == 1),
            "{name}: tag"
        );
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{name}: {parameter}");
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
            assert!(answer["headers"]["X-Request-Id"].is_object(), "{what}");
            let content = answer["content"].as_object();
            match status.as_bytes()[0] {
                b'2' => assert!(
                    content.unwrap()["application/json"]["example"].is_object(),
                    "{what}"
                ),
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
        let takes_key = operation.get("security").is_some();
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
}
