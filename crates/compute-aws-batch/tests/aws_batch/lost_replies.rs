//! A submission whose answer goes wrong, on a server that behaves as AWS Batch does: there is one
//! job at most, and a look-up by name finds it where there is one.

use batchway_domain::ports::SubmitError;
use batchway_fake_aws_batch::{Fault, FaultRule, Operation};
use batchway_port_contracts::compute_backend::{ComputeBackendFixture, Program};

use crate::fixture::Stage;
use crate::gateway::name;

#[tokio::test]
async fn a_submission_whose_answer_goes_wrong_is_sent_once_and_found() {
    for (fault, jobs) in [
        (Fault::LostReplyAfterAcceptance, 1),
        (Fault::CutReply, 1),
        (Fault::EmptyReply, 1),
        (Fault::ServerErrorAfter, 1),
        (Fault::ServerErrorBefore, 0),
    ] {
        let stage = Stage::on_the_fake().await;
        let rule = FaultRule::once(Operation::SubmitJob, fault);
        stage.fake().add_fault(rule);
        let submission = stage.submission(name(1), Program::SucceedsAtOnce);
        let error = stage.backend().submit(&submission).await.unwrap_err();
        assert!(matches!(error, SubmitError::Unknown { .. }), "{error:?}");
        assert_eq!(stage.fake().calls(Operation::SubmitJob), 1, "{fault:?}");

        let accepted = stage.fake().jobs();
        let accepted: Vec<&str> = accepted.iter().map(|job| &*job.job_id).collect();
        assert_eq!(accepted.len(), jobs, "{fault:?}");
        let found = stage
            .backend()
            .find_by_name(
                &submission.name,
                &submission.target,
                &submission.request_hash,
            )
            .await;
        let found = found.unwrap();
        let found: Vec<&str> = found.iter().map(|candidate| &*candidate.id.0).collect();
        assert_eq!(found, accepted, "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_refused_is_no_job() {
    for (fault, expected) in [
        (Fault::Throttle, "throttled"),
        (Fault::AccessDenied, "held: access_denied"),
    ] {
        let stage = Stage::on_the_fake().await;
        let rule = FaultRule::once(Operation::SubmitJob, fault);
        stage.fake().add_fault(rule);
        let submission = stage.submission(name(1), Program::SucceedsAtOnce);
        let said = match stage.backend().submit(&submission).await.unwrap_err() {
            SubmitError::Throttled { .. } => "throttled".to_owned(),
            SubmitError::Held(held) => format!("held: {}", held.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(said, expected);
        assert!(stage.fake().jobs().is_empty());
    }
}
