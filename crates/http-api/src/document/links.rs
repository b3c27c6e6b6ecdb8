//! Links: from each answer that names a job to every operation on that job, so that readers, and
//! tests that follow them, find their way through a job's whole life.

use serde_json::{Value, json};

/// Answers that name a job, by the operation that gives them, and where in the body they do.
const NAMED: [(&str, &str); 2] = [("submit_job", "/job_id"), ("list_jobs", "/jobs/0/job_id")];

pub(super) fn add(document: &mut Value) {
    let on_a_job = operations_on_a_job(document);
    for (source, pointer) in NAMED {
        for target in &on_a_job {
            let parameters = json!({"job_id": format!("$response.body#{pointer}")});
            link(document, source, target, target, &parameters);
        }
    }
    let cursor = json!({"cursor": "$response.body#/next_cursor"});
    link(document, "list_jobs", "next_page", "list_jobs", &cursor);
    let delivery = json!({
        "job_id": "$request.path.job_id",
        "delivery_id": "$response.body#/deliveries/0/delivery_id",
    });
    let replay = "replay_webhook_delivery";
    link(
        document,
        "list_webhook_deliveries",
        replay,
        replay,
        &delivery,
    );
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
