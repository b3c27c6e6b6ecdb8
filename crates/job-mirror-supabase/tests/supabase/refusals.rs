//! What has to be mended is named, and what is away is told from it.

use batchway_domain::ports::{JobMirror, MirrorError};
use serde_json::json;

use crate::project::{Project, TABLE, row, row_with};

fn reason(error: &MirrorError) -> &str {
    match error {
        MirrorError::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_missing_is_named_with_the_way_to_make_it() {
    let project = Project::without_table();
    let error = project.refusal(&[row(1, 1)]).await;
    let told = reason(&error);
    assert!(told.contains("has no table batchway_jobs"), "{told}");
    assert!(
        told.contains("infra/supabase/migrations") && told.contains("PGRST205"),
        "{told}"
    );
    project.apply_migration();
    project.mirror.upsert(&[row(1, 1)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_and_not_shown() {
    let project = Project::new();
    let expired = json!({"role": "service_role", "exp": 1});
    for key in [
        "sb_secret_hunter2",
        "hunter2",
        &project.supabase.token(&expired),
    ] {
        let mirror = project.mirror_with(key);
        let error = mirror.upsert(&[row(1, 1)]).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(reason(&error).contains("SUPABASE_SERVICE_KEY"), "{told}");
        assert!(told.contains("Invalid API key"), "{told}");
        assert!(!told.contains(key), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_publishable_key_is_told_from_the_secret_one() {
    let project = Project::new();
    let mirror = project.mirror_with(project.supabase.publishable_key());
    let error = mirror.upsert(&[row(1, 1)]).await.unwrap_err();
    let told = reason(&error);
    assert!(
        told.contains("not the publishable or anon key") && told.contains("42501"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_missing_is_named() {
    let project = Project::new();
    project
        .supabase
        .sql(&format!("alter table {TABLE} drop column heartbeat_at"));
    let error = project.refusal(&[row(1, 1)]).await;
    let told = reason(&error);
    assert!(
        told.contains("'heartbeat_at'") && told.contains("migrations"),
        "{told}"
    );
    project
        .supabase
        .sql(&format!("alter table {TABLE} add heartbeat_at timestamptz"));
    project.supabase.sql(&format!(
        "alter table {TABLE} drop constraint batchway_jobs_pkey"
    ));
    let error = project.refusal(&[row(1, 1)]).await;
    assert!(reason(&error).contains("42P10"), "{error}");
}

/// A constraint of the owner's own, or a value that a column can't hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_can_not_be_is_refused_and_the_others_are_not_written() {
    let project = Project::new();
    for awkward in [json!({"user_id": null}), json!({"progress": 100_000})] {
        let rows = [row(1, 1), row_with(2, 1, &awkward)];
        let error = project.refusal(&rows).await;
        assert!(matches!(error, MirrorError::RowRefused { .. }), "{error:?}");
        assert_eq!(project.column("version"), [""; 0]);
    }
    project.supabase.sql(&format!(
        "alter table {TABLE} add check (backend <> 'process')"
    ));
    let error = project.refusal(&[row(1, 1)]).await;
    let told = error.to_string();
    assert!(matches!(error, MirrorError::RowRefused { .. }), "{told}");
    assert!(told.contains("23514"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_needs_no_mending() {
    let project = Project::new();
    project.mirror.upsert(&[row(1, 1)]).await.unwrap();
    let is_away = |error: &MirrorError| matches!(error, MirrorError::Unavailable { .. });
    project.supabase.database().stop();
    let error = project.refusal(&[row(1, 2)]).await;
    assert!(
        is_away(&error) && error.to_string().contains("PGRST001"),
        "{error:?}"
    );
    project.supabase.go_away();
    let error = project.refusal(&[row(1, 2)]).await;
    assert!(
        is_away(&error) && error.to_string().contains("can't be reached"),
        "{error:?}"
    );
    project.supabase.database().start_again();
    project.supabase.come_back();
    project.mirror.upsert(&[row(1, 2)]).await.unwrap();
    assert_eq!(project.column("version"), ["2"]);
}
