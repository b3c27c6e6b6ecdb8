//! Links: from the answer that names a new job to every operation on it, and from a page to the
//! next, so that readers, and tests that follow them, find their way through a job's whole life.

use serde_json::{Value, json};

/// Where in its body an answer names the job that it is about.
const JOB_ID: &str = "$response.body#/job_id";

/// Where in its body an answer says how to read on.
const NEXT_CURSOR: &str = "$response.body#/next_cursor";

pub(super) fn add(document: &mut Value) {
    for target in operations_on_a_job(document) {
        let parameters = json!({"job_id": JOB_ID});
        link(document, "submit_job", &target, &target, &parameters);
    }
    let next = json!({"cursor": NEXT_CURSOR});
    link(document, "list_jobs", "next_page", "list_jobs", &next);
    let next = json!({"job_id": JOB_ID, "cursor": NEXT_CURSOR});
    link(document, "read_logs", "next_page", "read_logs", &next);
}

/// The ids of the operations whose path asks for a job and nothing else.
fn operations_on_a_job(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .filter(|(path, _)| path.contains("{job_id}") && path.matches('{').count() == 1)
        .flat_map(|(_, item)| item.as_object().into_iter().flat_map(|item| item.values()))
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect()
}

/// Adds a link to each success of an operation.
fn link(document: &mut Value, source: &str, name: &str, target: &str, parameters: &Value) {
    let items = document["paths"].as_object_mut().into_iter().flatten();
    let operations = items.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten());
    let answers = operations
        .filter(|(_, operation)| operation["operationId"] == source)
        .filter_map(|(_, operation)| operation["responses"].as_object_mut())
        .flatten();
    for (_, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
        answer["links"][name] = json!({"operationId": target, "parameters": parameters});
    }
}
