//! What a backend answers to a submission, and what follows.

use std::sync::Arc;

use batchway_domain::job::{BackendId, CancelCause, FailureClass, JobState, Target, WaitingReason};
use batchway_domain::ports::{DueRequest, Held, JobStore, SubmitError};
use futures_util::FutureExt;
use tokio::time::Instant;

use crate::job_types::SIMULATE;
use crate::mock_backend::{SilentBackend, backend_with_room, target};
use crate::scene::{DAY, SECOND, Scene, Setup, World};

/// A cancel comes while the request to the backend is on its way.
async fn cancelled_while_sending(answer: fn() -> Result<BackendId, SubmitError>) -> JobState {
    let world = World::new(8);
    let other = world.replica(Setup {
        seed: 2,
        ..Setup::default()
    });
    let key = world.key;
    let mut backend = backend_with_room();
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend.expect_submit().once().returning(move |submission| {
        let id = submission.name.job.as_str();
        // It waits for the end; the wish is recorded by then.
        let cancel = other.application.cancel_job(&key, id);
        assert!(cancel.now_or_never().is_none());
        answer()
    });
    if answer().is_ok() {
        backend.expect_terminate().once().returning(|id, _| {
            assert_eq!(id.0, "copy");
            Ok(())
        });
    }
    let gateway = world.replica(Setup {
        process: Some(Arc::new(backend)),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    assert!(scene.job(&id).cancel_requested_at.is_some());
    scene.job(&id).state
}

#[tokio::test]
async fn a_cancel_while_sending_stops_what_was_accepted() {
    let state = cancelled_while_sending(|| Ok(BackendId("copy".to_owned()))).await;
    assert!(matches!(state, JobState::Submitted { .. }), "{state:?}");
}

#[tokio::test]
async fn a_cancel_while_sending_what_was_not_accepted_is_the_end() {
    let requested = JobState::Cancelled {
        cause: CancelCause::Requested,
    };
    let answers: [fn() -> Result<BackendId, SubmitError>; 3] = [refused, held, did_not_happen];
    for answer in answers {
        assert_eq!(cancelled_while_sending(answer).await, requested);
    }
}

#[tokio::test]
async fn a_cancel_while_sending_leaves_a_doubt_where_there_is_one() {
    let state = cancelled_while_sending(unknown).await;
    assert!(matches!(state, JobState::Unresolved { .. }), "{state:?}");
}

fn refused() -> Result<BackendId, SubmitError> {
    Err(SubmitError::Refused {
        reason: "The job is too large.".to_owned(),
    })
}

fn held() -> Result<BackendId, SubmitError> {
    Err(SubmitError::Held(Held {
        code: "credentials".to_owned(),
        message: "The credentials have expired.".to_owned(),
    }))
}

fn did_not_happen() -> Result<BackendId, SubmitError> {
    Err(SubmitError::DidNotHappen {
        reason: "throttled".to_owned(),
        retry_after: None,
        source: None,
    })
}

fn later() -> Result<BackendId, SubmitError> {
    Err(SubmitError::DidNotHappen {
        reason: "throttled".to_owned(),
        retry_after: Some(17 * SECOND),
        source: None,
    })
}

fn much_later() -> Result<BackendId, SubmitError> {
    Err(SubmitError::DidNotHappen {
        reason: "something stands before it".to_owned(),
        retry_after: Some(DAY),
        source: None,
    })
}

fn unknown() -> Result<BackendId, SubmitError> {
    Err(SubmitError::Unknown {
        reason: "the connection broke".to_owned(),
        source: None,
    })
}

/// Where a job is after its backend gave this answer.
async fn state_after(answer: fn() -> Result<BackendId, SubmitError>) -> (Scene, JobState) {
    let mut backend = backend_with_room();
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend.expect_submit().once().returning(move |_| answer());
    let scene = Scene::with_backend(backend);
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    let state = scene.job(&id).state;
    (scene, state)
}

#[tokio::test]
async fn each_answer_of_a_backend_has_its_consequence() {
    let (_, state) = state_after(refused).await;
    let JobState::Failed { failure } = state else {
        panic!("{state:?}")
    };
    assert_eq!(failure.class, FailureClass::Refused);
    assert_eq!(failure.message, "The job is too large.");

    let (scene, state) = state_after(held).await;
    let waiting = WaitingReason {
        code: "credentials".to_owned(),
        message: "The credentials have expired.".to_owned(),
    };
    let expected = JobState::Accepted {
        not_before: scene.world.now().plus(30 * SECOND),
        waiting: Some(waiting),
    };
    assert_eq!(state, expected);

    for (answer, seconds) in [
        (did_not_happen as fn() -> _, 2),
        (later, 17),
        (much_later, 60),
    ] {
        let (scene, state) = state_after(answer).await;
        let expected = JobState::Accepted {
            not_before: scene.world.now().plus(seconds * SECOND),
            waiting: None,
        };
        assert_eq!(state, expected);
    }

    let (_, state) = state_after(unknown).await;
    assert!(matches!(state, JobState::Unresolved { .. }), "{state:?}");
}

/// Where a job is after its target could not be resolved; nothing is sent.
async fn state_without_target(error: fn() -> Result<BackendId, SubmitError>) -> (Scene, JobState) {
    let mut backend = backend_with_room();
    let error = move || error().map(|_| Target(String::new()));
    backend
        .expect_resolve_target()
        .once()
        .returning(move |_| error());
    let scene = Scene::with_backend(backend);
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    // The same job is not tried again at once.
    assert_eq!(scene.run("dispatch:process").await.taken, 0);
    let state = scene.job(&id).state;
    (scene, state)
}

#[tokio::test]
async fn nothing_is_sent_while_its_target_is_not_known() {
    let (_, state) = state_without_target(refused).await;
    assert!(matches!(state, JobState::Failed { .. }), "{state:?}");
    let (scene, state) = state_without_target(held).await;
    let JobState::Accepted {
        not_before,
        waiting: Some(waiting),
    } = state
    else {
        panic!("{state:?}")
    };
    assert_eq!(waiting.code, "credentials");
    assert_eq!(not_before, scene.world.now().plus(30 * SECOND));
    for error in [did_not_happen as fn() -> _, unknown] {
        let (scene, state) = state_without_target(error).await;
        assert!(matches!(state, JobState::Accepted { waiting: None, .. }));
        scene.world.clock.advance(2 * SECOND);
        let taken = scene.gateway.jobs.take_due(&due()).await.unwrap();
        assert_eq!(taken.len(), 1, "due again");
    }
}

fn due() -> DueRequest {
    DueRequest {
        lane: "dispatch:process".parse().unwrap(),
        limit: 10,
        lease: SECOND,
        created_before: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_never_answers_leaves_a_doubt() {
    let scene = Scene::with_backend(SilentBackend);
    let id = scene.submit(SIMULATE).await;
    let began = Instant::now();
    scene.run("dispatch:process").await;
    assert_eq!(began.elapsed(), 8 * SECOND, "well within the lease");
    assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
}
