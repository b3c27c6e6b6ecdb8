//! Finding what was accepted, by its name.

use batchway_domain::identity::TryName;
use batchway_domain::job::{RequestHash, Settlement};
use batchway_domain::ports::{Candidate, Submission};

use super::stage::Stage;
use super::{ComputeBackendFixture, Program};
use crate::concurrency::all_at_once;

/// What was accepted is found by its name: at once where the backend says that its look-up
/// sees everything, otherwise in the end.
pub async fn what_was_accepted_is_found_by_name(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::RunsUntilStopped);
    assert!(stage.find(&submission).await.is_empty(), "not before");
    let id = stage.submit(&submission).await;
    let found = until_found(&stage, &submission).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].id, id);
    stage.terminate(&id).await;
    stage.until_ended(&id).await;
}

/// It is found after its end too, and as taken at the same time.
pub async fn it_is_found_after_its_end(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    for program in [Program::SucceedsAtOnce, Program::FailsWith(1)] {
        let submission = stage.submission(program);
        let id = stage.submit(&submission).await;
        let before = until_found(&stage, &submission).await;
        stage.until_ended(&id).await;
        let after = stage.find(&submission).await;
        assert_eq!(after, before, "{program:?}");
    }
}

/// Only this very name: not the next try's, not another job's, not another installation's.
pub async fn other_names_are_not_found(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::SucceedsAtOnce);
    let id = stage.submit(&submission).await;
    until_found(&stage, &submission).await;
    let name = &submission.name;
    let other_installation = "otherone".parse().expect("a valid name");
    let others = [
        TryName {
            number: 2,
            ..name.clone()
        },
        TryName {
            number: 11,
            ..name.clone()
        },
        TryName {
            deployment: other_installation,
            ..name.clone()
        },
        stage.name(),
    ];
    for name in others {
        let other = Submission {
            name,
            ..submission.clone()
        };
        let found = stage.find(&other).await;
        assert!(found.is_empty(), "{}: {found:?}", other.name);
    }
    stage.until_ended(&id).await;
}

/// What bears the name, but was asked for by another request, is left out where the backend
/// can tell.
pub async fn another_request_under_the_name_is_told_apart(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::SucceedsAtOnce);
    let id = stage.submit(&submission).await;
    until_found(&stage, &submission).await;
    let foreign = Submission {
        request_hash: RequestHash("0123456789abcdef".repeat(4)),
        ..submission.clone()
    };
    let found = stage.find(&foreign).await;
    if fixture.capabilities().tells_hashes_apart {
        assert!(found.is_empty(), "{found:?}");
    } else {
        assert_eq!(found.len(), 1, "{found:?}");
    }
    stage.until_ended(&id).await;
}

/// A try sent twice runs once where names are unique; elsewhere both copies are found, the
/// first as the older one.
pub async fn a_try_sent_twice_is_told(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::RunsUntilStopped);
    let first = stage.submit(&submission).await;
    let second = stage.submit(&submission).await;
    let mut found = until_found(&stage, &submission).await;
    if fixture.capabilities().name_is_unique {
        assert_eq!(second, first);
        assert_eq!(found.len(), 1, "{found:?}");
    } else {
        while found.len() < 2 {
            fixture.settle().await;
            found = stage.find(&submission).await;
        }
        found.sort_by_key(|candidate| candidate.created_at);
        assert_eq!((&found[0].id, &found[1].id), (&first, &second));
    }
    for candidate in &found {
        stage.terminate(&candidate.id).await;
        stage.until_ended(&candidate.id).await;
    }
}

/// A try that has ended and is sent again does not run again, where names are unique.
pub async fn an_ended_try_does_not_run_again(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::SucceedsAtOnce);
    let first = stage.submit(&submission).await;
    let ended = stage.until_ended(&first).await;
    let second = stage.submit(&submission).await;
    if fixture.capabilities().name_is_unique {
        assert_eq!(second, first);
        fixture.settle().await;
        assert_eq!(stage.describe(&first).await, Some(ended));
    } else {
        assert_ne!(second, first, "another job, to be found and ended");
        stage.until_ended(&second).await;
        assert_eq!(stage.describe(&first).await, Some(ended));
    }
}

/// A try sent many times at once runs once, where names are unique.
pub async fn a_try_sent_many_times_at_once(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::RunsUntilStopped);
    let sendings: Vec<_> = (0..5)
        .map(|_| {
            let (backend, submission) = (stage.backend(), submission.clone());
            async move { backend.submit(&submission).await }
        })
        .collect();
    let mut ids: Vec<_> = all_at_once(sendings)
        .await
        .into_iter()
        .filter_map(Result::ok)
        .collect();
    ids.sort();
    ids.dedup();
    assert!(!ids.is_empty(), "at least one sending was taken");
    if fixture.capabilities().name_is_unique {
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(until_found(&stage, &submission).await.len(), 1);
    }
    for id in &ids {
        stage.terminate(id).await;
        stage.until_ended(id).await;
    }
}

/// The same execution has the same target each time, and a try's own is one that is taken.
pub async fn a_target_is_resolved_the_same_each_time(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::SucceedsAtOnce);
    for _ in 0..2 {
        let target = stage.backend().resolve_target(&submission.execution).await;
        assert_eq!(target.expect("it can be run here"), submission.target);
    }
}

async fn until_found(stage: &Stage<'_>, submission: &Submission) -> Vec<Candidate> {
    loop {
        let found = stage.find(submission).await;
        let at_once = stage.backend().settlement() == Settlement::Authoritative;
        if at_once || !found.is_empty() {
            assert!(!found.is_empty(), "an authoritative look-up sees it");
            return found;
        }
        stage.fixture.settle().await;
    }
}
