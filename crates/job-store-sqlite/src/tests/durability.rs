//! What the file is told to do, and what happens at the end.

use std::pin::pin;

use batchway_domain::ports::{JobStore, StoreError};

use futures_util::poll;

use super::fixture::Fixture;
use super::group_commit::hold_up;
use crate::{OpenError, SqliteJobStore};

#[tokio::test]
async fn a_commit_waits_for_the_disk() {
    let fixture = Fixture::new();
    let settings: Vec<String> = fixture
        .store
        .writer
        .write(|connection| {
            let pragma = |name: &str| {
                connection
                    .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                    .map(|value| format!("{value:?}"))
                    .unwrap()
            };
            Ok::<_, StoreError>(
                [
                    "journal_mode",
                    "synchronous",
                    "foreign_keys",
                    "busy_timeout",
                ]
                .map(pragma)
                .to_vec(),
            )
        })
        .await
        .unwrap();
    const FULL: &str = "Integer(2)";
    assert_eq!(
        settings,
        ["Text(\"wal\")", FULL, "Integer(1)", "Integer(20000)"]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    fixture.key_of("ann").await;
    let mut seen = 0;
    for entry in std::fs::read_dir(fixture.path.parent().unwrap()).unwrap() {
        let metadata = entry.unwrap().metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0);
        seen += 1;
    }
    assert_eq!(seen, 3, "the file, its log and the log's index");
}

#[tokio::test]
async fn dropping_the_store_finishes_what_was_handed_over() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let admission = fixture.admission();
    let id = admission.job.id.clone();
    {
        let mut caller_who_goes_away = pin!(fixture.store.admit(&key, admission));
        let mut busy = pin!(hold_up(&fixture.store));
        assert!(poll!(&mut busy).is_pending());
        assert!(poll!(&mut caller_who_goes_away).is_pending());
    }
    let Fixture {
        store,
        path,
        clock,
        folder: _folder,
        ..
    } = fixture;
    drop(store);
    assert!(
        !path.with_extension("sqlite-wal").exists(),
        "the last connection is closed, and the log is in the file"
    );

    let again = SqliteJobStore::open(&path, clock).unwrap();
    assert!(again.load(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_deployments_id_is_the_first_one_proposed() {
    let fixture = Fixture::new();
    for proposal in ["abcd1234", "zzzz9999"] {
        let proposal = proposal.parse().unwrap();
        let kept = fixture.store.deployment_id(&proposal).await.unwrap();
        assert_eq!(kept.as_str(), "abcd1234");
    }
}

#[test]
fn what_can_not_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let clock = || Fixture::new().clock;

    let nowhere = folder.path().join("absent/jobs.sqlite");
    let error = SqliteJobStore::open(nowhere, clock()).unwrap_err();
    assert!(matches!(error, OpenError::NotMade { .. }), "{error:?}");

    let rubbish = folder.path().join("rubbish");
    std::fs::write(&rubbish, "not a database, by far".repeat(100)).unwrap();
    let error = SqliteJobStore::open(&rubbish, clock()).unwrap_err();
    assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
    assert!(error.to_string().contains("not a database"), "{error}");

    let fixture = Fixture::new();
    fixture
        .connection()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = SqliteJobStore::open(&fixture.path, clock()).unwrap_err();
    assert!(error.to_string().contains("schema version 99"));
}
