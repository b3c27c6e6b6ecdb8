//! A job as a row of the table that mirrors it.

use batchway_application::use_cases::JobView;
use batchway_domain::job::Job;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::job_object::JobObject;

/// What a row leaves out: links end, and are whoever's who has them.
const LINKS: [&str; 2] = ["result_url", "result_expires_at"];

/// The columns of a job: the fields of the GET but its links, and whose it is.
pub fn encode_row(job: &Job) -> Bytes {
    let view = JobView {
        snapshot: job.snapshot(),
        result: None,
    };
    let mut row = json!(JobObject::from(view));
    if let Value::Object(columns) = &mut row {
        columns.retain(|name, _| !LINKS.contains(&name.as_str()));
        columns.insert("user_id".to_owned(), json!(job.user.as_str()));
    }
    row.to_string().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::test_gateway::TestGateway;

    /// The table that an operator makes of the migration.
    const MIGRATION: &str =
        include_str!("../../../infra/supabase/migrations/20260301000000_batchway_jobs.sql");

    async fn row_and_get() -> (Value, Value) {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway.complete(&id).await;
        let shown = gateway.get(&format!("/api/v1/jobs/{id}")).await.json();
        let job = gateway.jobs.job(&id).unwrap();
        (serde_json::from_slice(&encode_row(&job)).unwrap(), shown)
    }

    #[tokio::test]
    async fn a_row_is_the_object_of_the_get_without_links_and_with_its_user() {
        let (row, mut expected) = row_and_get().await;
        let columns = expected.as_object_mut().unwrap();
        assert!(columns.remove("result_url").unwrap().is_string());
        assert!(columns.remove("result_expires_at").unwrap().is_string());
        columns.insert("user_id".to_owned(), json!("user123"));
        assert_eq!(row, expected);
    }

    #[tokio::test]
    async fn the_migration_makes_these_columns_and_no_others() {
        let (row, _) = row_and_get().await;
        let columns: BTreeSet<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let (_, table) = MIGRATION.split_once("create table").unwrap();
        let (table, _) = table.split_once("\n);").unwrap();
        let made: BTreeSet<&str> = table
            .lines()
            .skip(1)
            .map(str::trim)
            .filter(|line| !line.starts_with("--"))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(made, columns);
    }
}
