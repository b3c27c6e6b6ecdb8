//! What tests ask the fakes for by name happens, and takes effect or not as it says.

use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::job::{BackendId, RequestHash, Target};
use batchway_domain::job_type::{Execution, ProcessExecution};
use batchway_domain::ports::{
    ArtifactError, ArtifactStore, BackendState, ComputeBackend, Description, Held, ParamsDelivery,
    StopEvidence, Submission, SubmitError,
};
use batchway_memory_adapters::{
    ArtifactStoreCall, ComputeBackendCall, FailingArtifactStore, FailingComputeBackend, Fault,
    ManualClock, MemoryArtifactStore, MemoryComputeBackend,
};
use batchway_port_contracts::specimens;

fn backend() -> MemoryComputeBackend {
    MemoryComputeBackend::with_slots(Arc::new(ManualClock::default()), 4)
}

fn submission(serial: u64) -> Submission {
    let user = "ada".parse().expect("a valid name");
    let job = specimens::job_id(&user, Timestamp::EPOCH, serial);
    Submission {
        name: specimens::try_name(specimens::deployment(), job, 1),
        tenant: user,
        target: Target("memory".to_owned()),
        request_hash: RequestHash("a".repeat(64)),
        execution: Execution::Process(ProcessExecution::default()),
        gated: false,
        timeout: None,
        environment: [].into(),
        params: ParamsDelivery::Inline("{}".into()),
    }
}

async fn describe(backend: &MemoryComputeBackend, id: &BackendId) -> Option<Description> {
    backend
        .describe(std::slice::from_ref(id))
        .await
        .unwrap_or_default()
        .pop()
}

#[tokio::test]
async fn an_end_is_for_good_whatever_a_test_does() {
    let backend = backend();
    let id = backend.submit(&submission(1)).await.unwrap();
    backend.succeed(&id);
    let ended = describe(&backend, &id).await;
    backend.run(&id);
    backend.wait(&id, None);
    backend.exit(&id, 1);
    backend.stop_outside(&id);
    backend.lose_gate(&id);
    assert_eq!(describe(&backend, &id).await, ended);
}

#[tokio::test]
async fn a_job_that_loses_its_host_waits_for_its_next_attempt() {
    let backend = backend();
    let id = backend.submit(&submission(1)).await.unwrap();
    backend.run(&id);
    backend.wait(&id, None);
    let waiting = describe(&backend, &id).await.unwrap();
    assert_eq!(waiting.state, BackendState::Waiting { reason: None });
    assert!(waiting.attempts[0].failure.is_some());
    backend.run(&id);
    assert_eq!(describe(&backend, &id).await.unwrap().attempts.len(), 2);
}

#[tokio::test]
async fn a_lost_reply_leaves_a_job_and_a_hold_leaves_none() {
    let backend = backend();
    backend.lose_replies(1);
    let lost = backend.submit(&submission(1)).await;
    assert!(matches!(lost, Err(SubmitError::Unknown { .. })));
    assert_eq!(backend.ids_of(&submission(1).name).len(), 1);

    backend.hold(Some(Held {
        code: "credentials".to_owned(),
        message: "There are none.".to_owned(),
    }));
    let held = backend.submit(&submission(2)).await;
    assert!(matches!(held, Err(SubmitError::Held(_))));
    backend.hold(None);
    assert!(backend.ids_of(&submission(2).name).is_empty());
    backend.submit(&submission(2)).await.unwrap();
    assert_eq!(backend.submissions_taken(), 2);
}

#[tokio::test]
async fn stops_can_take_their_time_and_come_from_outside() {
    let backend = backend();
    let id = backend.submit(&submission(1)).await.unwrap();
    backend.hold_stops();
    backend.terminate(&id, "test").await.unwrap();
    assert!(backend.is_stopping(&id));
    assert!(!describe(&backend, &id).await.unwrap().state.has_ended());
    backend.finish_stops();
    assert!(describe(&backend, &id).await.unwrap().state.has_ended());

    let other = backend.submit(&submission(2)).await.unwrap();
    backend.stop_outside(&other);
    let state = describe(&backend, &other).await.unwrap().state;
    let flag = StopEvidence::Flag;
    assert!(matches!(state, BackendState::Failed { stop, .. } if stop == flag));
}

#[tokio::test]
async fn what_vanishes_or_hides_is_not_found() {
    let backend = backend();
    let wanted = submission(1);
    let id = backend.submit(&wanted).await.unwrap();
    let find = || backend.find_by_name(&wanted.name, &wanted.target, &wanted.request_hash);
    backend.hide_from_lookups(true);
    assert!(find().await.unwrap().is_empty());
    backend.hide_from_lookups(false);
    assert_eq!(find().await.unwrap().len(), 1);
    backend.vanish(&id);
    assert!(find().await.unwrap().is_empty());
    assert_eq!(describe(&backend, &id).await, None);
}

#[tokio::test]
async fn a_fault_takes_effect_or_not_as_it_says() {
    let truth = Arc::new(backend());
    let failing = FailingComputeBackend::new(truth.clone());
    for (serial, fault, taken) in [
        (1, Fault::Declined, 0),
        (2, Fault::RequestLost, 0),
        (3, Fault::ReplyLost, 1),
    ] {
        failing
            .faults()
            .fail_next(ComputeBackendCall::Submit, fault);
        let error = failing.submit(&submission(serial)).await.unwrap_err();
        let is_certain = matches!(error, SubmitError::DidNotHappen { .. });
        assert_eq!(is_certain, fault == Fault::Declined, "{error:?}");
        assert_eq!(truth.ids_of(&submission(serial).name).len(), taken);
    }

    let truth = Arc::new(MemoryArtifactStore::new(Arc::new(ManualClock::default())));
    let failing = FailingArtifactStore::new(truth.clone());
    for (name, fault) in [
        ("declined", Fault::Declined),
        ("request", Fault::RequestLost),
        ("reply", Fault::ReplyLost),
    ] {
        failing.faults().fail_next(ArtifactStoreCall::Create, fault);
        let key: ArtifactKey = name.parse().unwrap();
        let error = failing.create(&key, "x".into()).await.unwrap_err();
        let is_certain = matches!(error, ArtifactError::Full { .. });
        assert_eq!(is_certain, fault == Fault::Declined, "{error:?}");
        assert_eq!(truth.content(name).is_some(), fault == Fault::ReplyLost);
    }
}
