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

#[cfg(test)]
mod tests {
    use crate::document::document;

    use super::*;

    /// Every operation, by its id.
    fn operation<'a>(document: &'a Value, id: &str) -> &'a Value {
        let paths = document["paths"].as_object().unwrap().values();
        let mut operations = paths.flat_map(|item| item.as_object().unwrap().values());
        operations
            .find(|operation| operation["operationId"] == id)
            .unwrap_or_else(|| panic!("no operation {id}"))
    }

    fn links_of<'a>(document: &'a Value, id: &str, status: &str) -> Vec<(&'a String, &'a Value)> {
        let links = &operation(document, id)["responses"][status]["links"];
        links.as_object().unwrap().iter().collect()
    }

    #[test]
    fn a_new_job_leads_to_all_that_can_be_done_with_it() {
        let document = document();
        for status in ["200", "202"] {
            let links = links_of(&document, "submit_job", status);
            let names: Vec<&str> = links.iter().map(|(name, _)| name.as_str()).collect();
            for name in ["get_job", "cancel_job", "list_artifacts", "read_logs"] {
                assert!(names.contains(&name), "{status}: {names:?}");
            }
        }
    }

    #[test]
    fn every_link_gives_parameters_that_there_are() {
        let document = document();
        for (id, status) in [
            ("submit_job", "202"),
            ("list_jobs", "200"),
            ("read_logs", "200"),
        ] {
            for (name, link) in links_of(&document, id, status) {
                let target = operation(&document, link["operationId"].as_str().unwrap());
                for given in link["parameters"].as_object().unwrap().keys() {
                    let mut known = target["parameters"].as_array().unwrap().iter();
                    assert!(
                        known.any(|parameter| parameter["name"] == *given),
                        "{id} → {name}: {given}"
                    );
                }
            }
        }
    }
}
