//! What is written is there, once a job, and never older than it was.

use batchway_domain::ports::JobMirror;
use serde_json::json;

use crate::project::{Project, row, row_with};

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_as_they_are_and_replace_older_ones() {
    let project = Project::new();
    project
        .mirror
        .upsert(&[row(1, 3), row(2, 7)])
        .await
        .unwrap();
    assert_eq!(project.column("version"), ["3", "7"]);
    let failure =
        json!({"class": "out_of_memory", "message": "é \"quoted\" \\u0000", "exit_code": 137});
    let ended = row_with(
        1,
        4,
        &json!({
            "status": "failed",
            "failure": failure,
            "completed_at": "2026-03-01T12:07:13.801Z",
            "aws_batch_job_id": "5a1d7c2f",
            "message": null,
        }),
    );
    project.mirror.upsert(&[ended, row(3, 1)]).await.unwrap();
    assert_eq!(project.column("version"), ["4", "7", "1"]);
    assert_eq!(project.column("status"), ["failed", "running", "running"]);
    assert_eq!(project.column("message")[0], "null");
    assert_eq!(
        project.column("failure ->> 'message'")[0],
        r#"é "quoted" \u0000"#
    );
    assert_eq!(project.column("attempts -> 0 ->> 'number'")[0], "1");
    let at = "completed_at = '2026-03-01 12:07:13.801+00'";
    assert_eq!(project.column(at), ["true", "null", "null"]);
}

/// An older one that comes late, as after a retry or from another replica, changes nothing, and
/// holds up nothing of what comes with it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_changes_nothing() {
    let project = Project::new();
    project
        .mirror
        .upsert(&[row(1, 5), row(2, 5)])
        .await
        .unwrap();
    project
        .mirror
        .upsert(&[row(1, 4), row(2, 6), row(3, 1)])
        .await
        .unwrap();
    assert_eq!(project.column("version"), ["5", "6", "1"]);
    assert_eq!(project.column("message")[0], "version 5");
}

/// The very same one again, as after a lost answer, is not even a change: nobody who listens to the
/// table is told of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_no_change() {
    let project = Project::new();
    project.mirror.upsert(&[row(1, 5)]).await.unwrap();
    let before = project.column("xmin");
    project.mirror.upsert(&[row(1, 5)]).await.unwrap();
    assert_eq!(project.column("ctid"), ["(0,1)"]);
    assert_eq!(project.column("xmin"), before);
}

/// Whatever the order in which two replicas come, the newest stays.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_write_at_once_leave_the_newest() {
    let project = Project::new();
    let other = project.mirror_with(&project.supabase.service_role_key());
    let versions = |from: u64| (0..20).map(move |step| from + step * 2);
    let write = |mirror: batchway_job_mirror_supabase::SupabaseMirror, from: u64| async move {
        // Newest first, so that every later one is too late.
        for version in versions(from).rev() {
            let rows: Vec<_> = (0..10).map(|number| row(number, version)).collect();
            mirror.upsert(&rows).await.unwrap();
        }
    };
    tokio::join!(write(project.mirror.clone(), 1), write(other, 2));
    assert_eq!(project.column("version"), ["40"; 10]);
}

/// PostgreSQL has no zero byte, and a program may say one.
#[tokio::test(flavor = "multi_thread")]
async fn zero_bytes_in_texts_hold_up_nothing() {
    let project = Project::new();
    let awkward = json!({"message": "a\0b", "waiting_reason": {"code": "x", "message": "\0"}});
    project
        .mirror
        .upsert(&[row_with(1, 1, &awkward), row(2, 1)])
        .await
        .unwrap();
    assert_eq!(project.column("message"), ["a\u{fffd}b", "version 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rows_go_together() {
    let project = Project::new();
    let words = "x".repeat(4_000);
    let rows: Vec<_> = (0..100)
        .map(|number| row_with(number, 1, &json!({"message": words})))
        .collect();
    project.mirror.upsert(&rows).await.unwrap();
    assert_eq!(project.column("version").len(), 100);
    project.mirror.upsert(&[]).await.unwrap();
}
