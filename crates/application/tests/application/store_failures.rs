//! A job store that fails, at any call and in any way: the error is said, nothing is broken, and
//! another round goes on.

use batchway_application::RequestError;
use batchway_application::use_cases::ListRequest;
use batchway_domain::identity::JobId;
use batchway_domain::job::{JobState, JobStatus};
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::{Fault, JobStoreCall};

use crate::job_types::{HURRY, SIMULATE};
use crate::scene::{MINUTE, Replica, SECOND, Scene, Setup};

const FAULTS: [Fault; 3] = [Fault::Declined, Fault::RequestLost, Fault::ReplyLost];

/// Fails the next calls of all kinds in this way. Two, as one lost reply is made good.
fn break_store(gateway: &Replica, fault: Fault) {
    let faults = gateway.jobs.faults();
    for call in JobStoreCall::ALL {
        faults.fail_next_of(call, 2, fault);
    }
}

/// Rounds of all loops and a runner that does its part, until the job has ended.
async fn bring_to_its_end(scene: &Scene, id: &JobId) {
    for _ in 0..50 {
        for work in ["dispatch:process", "resolve:process", "watch:process"] {
            scene.run(work).await;
        }
        scene.world.clock.advance(MINUTE);
        let job = scene.job(id);
        if let JobState::Submitted { backend_id, .. } = &job.state {
            scene.world.start_runner(&job, backend_id).await;
        }
        if let JobState::Running { backend_id, .. } = &job.state {
            scene.world.finish_runner(&job, backend_id);
        }
        if job.status().is_terminal() {
            return;
        }
    }
    panic!("{:?}", scene.job(id));
}

#[tokio::test]
async fn every_use_case_says_that_the_store_fails() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    let id_text = id.as_str();
    for fault in FAULTS {
        break_store(&scene.gateway, fault);
        let report = RunnerReport {
            backend_id: copy.clone(),
            attempt: 1,
            progress: None,
            message: None,
        };
        let token = scene.world.token(&id, 1);
        let list = ListRequest {
            limit: 1,
            ..ListRequest::default()
        };
        let errors = [
            application.authenticate(key).await.err(),
            application.get_job(key, id_text).await.err(),
            application.wait_for_job(key, id_text, SECOND).await.err(),
            application.list_jobs(key, list).await.err(),
            application.list_job_types(key).await.err(),
            application.report_progress(&token, report).await.err(),
        ];
        for error in errors {
            assert!(
                matches!(error, Some(RequestError::JobStoreUnavailable(_))),
                "{error:?}"
            );
        }
        break_store(&scene.gateway, fault);
        let errors = [
            application.list_artifacts(key, id_text).await.err(),
            application.cancel_job(key, id_text).await.err(),
        ];
        for error in errors {
            assert!(
                matches!(error, Some(RequestError::JobStoreUnavailable(_))),
                "{error:?}"
            );
        }
        scene.gateway.jobs.faults().clear();
    }
    let ended = scene.job(&id);
    assert_eq!(ended.status(), JobStatus::Running, "as it was");
    assert_eq!(ended.cancel_requested_at, None, "never recorded");
}

#[tokio::test]
async fn a_job_comes_to_its_end_whichever_call_of_a_loop_fails() {
    let calls = [
        JobStoreCall::TakeDue,
        JobStoreCall::Commit,
        JobStoreCall::Params,
        JobStoreCall::Reschedule,
        JobStoreCall::Load,
    ];
    let mut failed_rounds = 0;
    for call in calls {
        for fault in FAULTS {
            for number in 1..=6 {
                let scene = Scene::new();
                let id = scene.submit(SIMULATE).await;
                let faults = scene.gateway.jobs.faults();
                faults.fail_nth(call, number, fault);
                faults.fail_nth(call, number + 1, fault);
                for _ in 0..6 {
                    for work in ["dispatch:process", "resolve:process", "watch:process"] {
                        let report = scene.gateway.run(work).await;
                        failed_rounds += usize::from(report.failure.is_some());
                    }
                    scene.world.clock.advance(SECOND);
                }
                faults.clear();
                bring_to_its_end(&scene, &id).await;
                let context = format!("{call:?} {number} {fault:?}");
                assert_eq!(scene.status(&id), JobStatus::Completed, "{context}");
                let taken = scene.world.process.submissions_taken();
                assert_eq!(taken, 1, "{context}");
            }
        }
    }
    assert!(failed_rounds > 50, "the faults did strike: {failed_rounds}");
}

#[tokio::test]
async fn looking_for_those_that_waited_too_long_is_made_good() {
    for call in [
        JobStoreCall::TakeDue,
        JobStoreCall::Reschedule,
        JobStoreCall::Commit,
    ] {
        let scene = Scene::with(Setup {
            slots: 1,
            ..Setup::default()
        });
        scene.start(SIMULATE).await;
        let hurried = scene.submit(HURRY).await;
        scene.world.clock.advance(2 * MINUTE);
        let faults = scene.gateway.jobs.faults();
        faults.fail_next_of(call, 2, Fault::RequestLost);
        let report = scene.gateway.run("dispatch:process").await;
        assert!(report.failure.is_some(), "{call:?}");
        assert_eq!(scene.status(&hurried), JobStatus::Queued);
        faults.clear();
        scene.run("dispatch:process").await;
        assert_eq!(scene.status(&hurried), JobStatus::Failed, "{call:?}");
    }
}
