//! Row-level security: who sees what, and that nobody else writes.

use serde_json::{Value, json};

use batchway_domain::ports::JobMirror;

use crate::project::{Project, TABLE, row, row_with};

const ADA: &str = "7f3c1f0e-0a52-4a8e-9f1d-3a4a3b1f6a01";

/// Jobs of the user that is called like ada's account, and of two others.
async fn shared_project() -> Project {
    let project = Project::new();
    let of = |number, user: &str| row_with(number, 1, &json!({"user_id": user}));
    let rows = [of(1, ADA), of(2, "bob"), of(3, ADA), of(4, "carol")];
    project.mirror.upsert(&rows).await.unwrap();
    project
}

/// Whose jobs somebody with these claims sees.
fn seen(project: &Project, claims: &Value) -> Vec<String> {
    let supabase = &project.supabase;
    let token = supabase.token(claims);
    let (status, rows) = supabase.read(TABLE, supabase.publishable_key(), Some(&token));
    assert_eq!(status, 200, "{rows}");
    let users = rows.as_array().unwrap().iter();
    users
        .map(|row| row["user_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_signed_in_sees_the_jobs_of_their_user_alone() {
    let project = shared_project().await;
    let signed_in = |sub: &str, more: Value| {
        let mut claims = json!({"role": "authenticated", "sub": sub});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        claims
    };
    let none = json!({});
    assert_eq!(seen(&project, &signed_in(ADA, none.clone())), [ADA, ADA]);
    let stranger = "7f3c1f0e-0a52-4a8e-9f1d-3a4a3b1f6a02";
    assert_eq!(seen(&project, &signed_in(stranger, none)), [""; 0]);
    // What the service says of an account comes before its id.
    let bob = json!({"app_metadata": {"batchway_user": "bob"}});
    assert_eq!(seen(&project, &signed_in(ADA, bob)), ["bob"]);
    // What people say of themselves counts for nothing.
    let claimed = json!({"user_metadata": {"batchway_user": "bob"}, "batchway_user": "bob"});
    assert_eq!(seen(&project, &signed_in(stranger, claimed)), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_signed_in_sees_nothing() {
    let project = shared_project().await;
    let supabase = &project.supabase;
    let (status, answer) = supabase.read(TABLE, supabase.publishable_key(), None);
    assert_eq!(
        (status, &answer["code"]),
        (401, &json!("42501")),
        "{answer}"
    );
    let (_, all) = supabase.read(TABLE, supabase.secret_key(), None);
    assert_eq!(all.as_array().unwrap().len(), 4);
}

/// Even where somebody grants what the migration took away, policies let nobody else write or see.
#[tokio::test(flavor = "multi_thread")]
async fn policies_hold_without_the_grants() {
    let project = shared_project().await;
    let supabase = &project.supabase;
    supabase.sql(&format!("grant all on {TABLE} to anon, authenticated"));
    let (status, rows) = supabase.read(TABLE, supabase.publishable_key(), None);
    assert_eq!((status, rows), (200, json!([])));
    let as_ada = supabase.token(&json!({"role": "authenticated", "sub": ADA}));
    for key in [as_ada.as_str(), supabase.publishable_key()] {
        let mirror = project.mirror_with(key);
        let own = row_with(1, 9, &json!({"user_id": ADA}));
        let error = mirror.upsert(&[own]).await.unwrap_err().to_string();
        assert!(error.contains("may not write"), "{error}");
    }
    assert_eq!(project.column("version"), ["1"; 4]);
}

/// Both kinds of key write.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_writes_with_either_key() {
    let project = Project::new();
    let older = project.mirror_with(&project.supabase.service_role_key());
    older.upsert(&[row(1, 1)]).await.unwrap();
    project.mirror.upsert(&[row(1, 2)]).await.unwrap();
    assert_eq!(project.column("version"), ["2"]);
}
