//! What the SDK makes of each fault, and what truly happened.

use std::time::Duration;

use aws_sdk_batch::Client;
use aws_sdk_batch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_batch::operation::submit_job::{SubmitJobError, SubmitJobOutput};
use batchway_fake_aws_batch::{Fault, FaultRule, Operation};

use crate::fixture::{DEFINITION, QUEUE, Stage, sdk};

type Answer = Result<SubmitJobOutput, SdkError<SubmitJobError>>;

async fn submit(client: &Client) -> Answer {
    let request = client.submit_job().job_name("struck").job_queue(QUEUE);
    request.job_definition(DEFINITION).send().await
}

/// One submission, struck by this, sent once; and how many jobs there are then.
async fn struck_by(fault: Fault) -> (Answer, usize) {
    let stage = Stage::by_hand().await;
    stage
        .fake
        .add_fault(FaultRule::once(Operation::SubmitJob, fault));
    let answer = submit(&stage.client).await;
    assert_eq!(stage.fake.calls(Operation::SubmitJob), 1);
    assert!(stage.fake.faults().is_empty(), "the fault is used up");
    let jobs = stage.fake.jobs();
    for job in &jobs {
        assert_eq!(job.requests[0].fault, Some(fault));
    }
    (answer, jobs.len())
}

#[tokio::test]
async fn a_lost_reply_is_a_broken_connection_and_a_job() {
    let (answer, jobs) = struck_by(Fault::LostReplyAfterAcceptance).await;
    let error = answer.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert_eq!(jobs, 1);
}

/// The trap that this crate is for: AWS has no idempotency token for SubmitJob.
#[tokio::test]
async fn a_client_with_the_sdks_retries_makes_three_jobs_of_one() {
    let stage = Stage::by_hand().await;
    stage.fake.add_fault(FaultRule {
        times: 3,
        ..FaultRule::once(Operation::SubmitJob, Fault::LostReplyAfterAcceptance)
    });
    let answer = submit(&Client::new(&sdk(&stage.fake.url()))).await;
    assert!(answer.is_err());
    assert_eq!(stage.fake.jobs().len(), 3);
}

#[tokio::test]
async fn a_cut_reply_is_a_broken_answer_and_a_job() {
    let (answer, jobs) = struck_by(Fault::CutReply).await;
    let error = answer.unwrap_err();
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    assert!(status.is_none_or(|status| status == 200), "{error:?}");
    assert_eq!(jobs, 1);
}

#[tokio::test]
async fn an_empty_reply_is_a_job_without_an_id() {
    let (answer, jobs) = struck_by(Fault::EmptyReply).await;
    assert_eq!(answer.unwrap().job_id.as_deref(), Some(""));
    assert_eq!(jobs, 1);
}

#[tokio::test]
async fn refusals_have_their_codes_and_made_no_job_unless_they_lie() {
    for (fault, code, jobs) in [
        (Fault::ServerErrorBefore, "ServerException", 0),
        (Fault::ServerErrorAfter, "ServerException", 1),
        (Fault::Throttle, "TooManyRequestsException", 0),
        (Fault::AccessDenied, "AccessDeniedException", 0),
    ] {
        let (answer, made) = struck_by(fault).await;
        assert_eq!(answer.unwrap_err().code(), Some(code));
        assert_eq!(made, jobs, "{fault:?}");
    }
}

#[tokio::test]
async fn a_delayed_answer_comes_and_an_impatient_client_has_made_a_job() {
    let (answer, jobs) = struck_by(Fault::Delay(50)).await;
    assert!(answer.is_ok());
    assert_eq!(jobs, 1);

    let stage = Stage::by_hand().await;
    let day = FaultRule::once(Operation::SubmitJob, Fault::Delay(86_400_000));
    stage.fake.add_fault(day);
    let has_arrived = async {
        while stage.fake.jobs().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        answer = submit(&stage.client) => panic!("in a day: {answer:?}"),
        () = has_arrived => {}
    }
    assert_eq!(stage.fake.jobs().len(), 1);
}

#[tokio::test]
async fn a_rule_strikes_the_jobs_that_it_names() {
    let stage = Stage::by_hand().await;
    stage.fake.add_fault(FaultRule {
        job_name: Some("other-*".to_owned()),
        ..FaultRule::once(Operation::SubmitJob, Fault::Throttle)
    });
    assert!(submit(&stage.client).await.is_ok());
    assert_eq!(stage.fake.faults().len(), 1);
}

#[tokio::test]
async fn a_job_that_vanished_is_absent_and_still_known_to_the_truth() {
    let stage = Stage::by_hand().await;
    let id = stage.submit("job").await;
    assert!(stage.fake.vanish(&id));
    let described = stage.client.describe_jobs().jobs(&id).send().await;
    assert!(described.unwrap().jobs().is_empty());
    assert!(stage.fake.jobs()[0].vanished);
    assert!(!stage.fake.vanish("unknown"));
}
