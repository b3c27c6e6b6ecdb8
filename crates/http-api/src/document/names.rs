//! Texts that are more than text bear one name in the whole document, and their rule with it,
//! so that a generated client has one type for each.

use serde_json::{Value, json};

use super::shape::{Object, each_object};
use crate::job_object::EXAMPLE_JOB_ID;

/// The properties and parameters of this name all refer to one schema.
const NAMED: [(&str, &str); 2] = [("job_id", "JobId"), ("job_type", "JobTypeName")];

/// A problem repeats what the caller asked for, which need not be an id.
const REPEATS: &str = "Problem";

pub(super) fn give(document: &mut Value) {
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        let objects = schemas.iter_mut().filter(|(name, _)| *name != REPEATS);
        for properties in
            objects.filter_map(|(_, schema)| schema.get_mut("properties")?.as_object_mut())
        {
            for (property, component) in NAMED {
                if let Some(Value::Object(schema)) = properties.get_mut(property) {
                    refer(schema, component);
                }
            }
        }
        schemas.insert("JobId".to_owned(), job_id());
        schemas.insert("JobTypeName".to_owned(), job_type_name());
    }
    let name_of_type = "/components/schemas/JobType/properties/name";
    if let Some(Value::Object(schema)) = document.pointer_mut(name_of_type) {
        refer(schema, "JobTypeName");
    }
    each_object(&mut document["paths"], &mut |object| {
        let named = NAMED
            .iter()
            .find(|(name, _)| object.get("name").is_some_and(|known| known == name));
        if let Some((_, component)) = named
            && object.contains_key("in")
            && let Some(Value::Object(schema)) = object.get_mut("schema")
        {
            refer(schema, component);
        }
    });
}

fn refer(schema: &mut Object, component: &str) {
    let reference = json!({"$ref": format!("#/components/schemas/{component}")});
    *schema = match (schema.remove("description"), reference) {
        (Some(description), reference) => Object::from_iter([
            ("description".to_owned(), description),
            ("allOf".to_owned(), json!([reference])),
        ]),
        (None, Value::Object(reference)) => reference,
        (None, _) => unreachable!("written above as an object"),
    };
}

fn job_id() -> Value {
    json!({
        "type": "string",
        "description": "The id of a job: `job_` and 28 lower-case letters and digits. Ids sort by \
                        the time at which their jobs were accepted.",
        "pattern": "^job_[0-9a-z]{28}$",
        "example": EXAMPLE_JOB_ID
    })
}

fn job_type_name() -> Value {
    json!({
        "type": "string",
        "description": "The name of a job type. `GET /api/v1/job-types` lists them.",
        "pattern": "^[a-z][a-z0-9_]{0,63}$"
    })
}
