//! That nothing that has a name goes without an explanation.

use super::*;

/// Every reason that AWS documents for a job that stays RUNNABLE.
const OF_AWS_BATCH: [&str; 7] = [
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
    "ACTION_REQUIRED",
    "UNDETERMINED",
];

#[test]
fn every_reason_of_aws_batch_is_in_the_table_by_its_first_word() {
    for code in OF_AWS_BATCH {
        let text = format!("{code} - Service reason: something.");
        assert_eq!(KnownCode::of(&text).unwrap().code, code);
    }
    assert_eq!(KnownCode::of("ACTION_REQUIRED_NOW - x"), None);
}

#[test]
fn every_code_is_there_once_with_a_sentence_and_a_mend_and_is_the_cause_of_who_waits_for_it() {
    for known in &WAITING_CODES {
        let same = WAITING_CODES.iter().filter(|one| one.code == known.code);
        assert_eq!(same.count(), 1, "{}", known.code);
        assert!(known.meaning.ends_with('.'), "{}", known.meaning);
        assert!(!known.mends().is_empty(), "{}", known.code);
        for state in [accepted(Some(known.code)), submitted(Some(known.code))] {
            let explanation = told(&job(state), around(), 500);
            assert_eq!(explanation.cause, known.code);
            assert_eq!(explanation.mends, known.mends());
            assert!(explanation.summary.ends_with("The backend says so."));
        }
    }
}

#[test]
fn codes_that_aws_adds_lead_to_their_family() {
    for code in ["CAPACITY:NEW", "MISCONFIGURATION:NEW", "anything"] {
        let explanation = told(&job(submitted(Some(code))), around(), 500);
        assert_eq!(explanation.cause, code);
        assert!(!explanation.mends.is_empty(), "{code}");
    }
}

#[test]
fn every_failure_class_has_its_remedy_first_and_its_log() {
    for class in FailureClass::ALL {
        let mut broken = job(failed(class));
        broken.attempts = vec![attempt(None), attempt(None)];
        let explanation = told(&broken, around(), 500);
        assert_eq!(explanation.cause, class.as_str());
        assert!(explanation.summary.ends_with("It went wrong."));
        assert_eq!(explanation.mends[0].advice, class.remedy());
        assert_eq!(explanation.mends[0].by, By::Owner);
        let advice = advices(&explanation);
        assert!(advice.contains("/logs?attempt=2"), "{advice}");
        let commands = explanation
            .mends
            .iter()
            .filter_map(|mend| mend.command.as_deref());
        assert!(
            commands
                .into_iter()
                .any(|one| one == "aws batch describe-jobs --jobs 5a1d7c2f"),
            "{class:?}"
        );
    }
}

#[test]
fn a_failure_on_this_machine_is_not_looked_for_at_aws() {
    let mut broken = job(failed(FailureClass::ProgramExit));
    broken.attempts = vec![attempt(None)];
    let explanation = told(&broken, with_room(1), 500);
    let commands = explanation
        .mends
        .iter()
        .filter_map(|mend| mend.command.as_deref());
    assert_eq!(commands.count(), 0);
}

#[test]
fn a_queue_that_ended_a_job_for_waiting_leads_to_what_it_waited_for() {
    let reason = "Canceled by JobStateTimeLimit action due to reason: \
                  MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too large; ";
    let failure = Failure::new(FailureClass::QueueAction, "The queue ended the job.")
        .with_backend_reason(reason);
    let ended = told(&job(JobState::Failed { failure }), around(), 500);
    let meaning = KnownCode::of("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
        .unwrap()
        .meaning;
    assert!(advices(&ended).contains(meaning), "{}", advices(&ended));
    assert!(advices(&ended).contains("jobStateTimeLimitActions"));
}

#[test]
fn phases_are_the_states() {
    let words: Vec<&str> = Phase::ALL.iter().map(|phase| phase.as_str()).collect();
    assert_eq!(
        words,
        [
            "accepted",
            "submitting",
            "unresolved",
            "submitted",
            "running",
            "completed",
            "failed",
            "cancelled"
        ]
    );
}
