//! Whatever stands in a record, there is something to say about it.

use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::job::JobStatus;

fn any_time() -> impl Strategy<Value = Timestamp> {
    (-1000..100_000_i64).prop_map(at)
}

fn any_code() -> impl Strategy<Value = String> {
    let known = prop::sample::select(WAITING_CODES.map(|known| known.code.to_owned()).to_vec());
    prop_oneof![known, "[A-Z_:]{0,12}", ".{0,12}"]
}

fn any_reason() -> impl Strategy<Value = Option<WaitingReason>> {
    option::of((any_code(), ".{0,20}").prop_map(|(code, message)| WaitingReason { code, message }))
}

fn any_absence() -> impl Strategy<Value = Option<Absence>> {
    option::of((any_time(), 0..5_u32).prop_map(|(since, answers)| Absence { since, answers }))
}

fn any_failure() -> impl Strategy<Value = Failure> {
    let said = prop_oneof![
        ".{0,20}",
        any_code().prop_map(|code| {
            format!("Canceled by JobStateTimeLimit action due to reason: {code} more")
        })
    ];
    let class = prop::sample::select(FailureClass::ALL.to_vec());
    (class, ".{0,20}", option::of(said)).prop_map(|(class, message, said)| {
        let failure = Failure::new(class, message);
        match said {
            Some(said) => failure.with_backend_reason(said),
            None => failure,
        }
    })
}

fn any_state() -> impl Strategy<Value = JobState> {
    prop_oneof![
        (any_time(), any_reason()).prop_map(|(not_before, waiting)| JobState::Accepted {
            not_before,
            waiting
        }),
        any_time().prop_map(|lease_until| JobState::Submitting { lease_until }),
        (any_time(), 0..5_u32, option::of(any_time())).prop_map(|(since, looks, first)| {
            JobState::Unresolved {
                since,
                empty_lookups: looks,
                first_empty_at: first,
            }
        }),
        (any_reason(), any_absence()).prop_map(|(waiting, absence)| JobState::Submitted {
            backend_id: id(),
            waiting,
            absence
        }),
        any_absence().prop_map(|absence| JobState::Running {
            backend_id: id(),
            attempt: 1,
            absence
        }),
        Just(JobState::Completed),
        any_failure().prop_map(|failure| JobState::Failed { failure }),
        prop_oneof![
            Just(CancelCause::Requested),
            Just(CancelCause::StoppedOutside)
        ]
        .prop_map(|cause| JobState::Cancelled { cause }),
    ]
}

prop_compose! {
    fn any_job()(
        state in any_state(),
        since in any_time(),
        attempts in prop::collection::vec(option::of(any_failure()), 0..3),
        try_number in 0..4_u32,
        cancel in option::of(any_time()),
        unreachable in option::of(any_time()),
        checked in option::of(any_time()),
        heartbeat in option::of(any_time()),
    ) -> Job {
        let mut job = job(state);
        job.state_since = since;
        job.attempts = attempts.into_iter().map(attempt).collect();
        job.current_try.number = try_number;
        job.cancel_requested_at = cancel;
        job.backend_unreachable_since = unreachable;
        job.last_checked_at = checked;
        job.progress.heartbeat_at = heartbeat;
        job
    }
}

fn any_surroundings() -> impl Strategy<Value = Surroundings> {
    let reach = prop::sample::select(vec![Reach::Here, Reach::Elsewhere, Reach::NoBackend]);
    let room = option::of(prop_oneof![
        (0..3_usize).prop_map(Capacity::Slots),
        Just(Capacity::Queue)
    ]);
    let found = prop::collection::vec(("[a-z_]{1,8}", any::<bool>()), 0..3);
    (reach, room, found, any::<bool>()).prop_map(|(reach, room, found, is_unseen)| {
        let found = found.iter().map(|(code, blocks)| obstacle(code, *blocks));
        Surroundings {
            reach,
            room,
            obstacles: Obstacles {
                found: found.collect(),
                unseen: is_unseen.then(|| Unseen {
                    reason: "It may not look.".to_owned(),
                    mend: Mend::by_operator("Allow it."),
                }),
            },
            last_lines: LastLines::default(),
        }
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let settlement = prop::sample::select(vec![Settlement::AWS_BATCH, Settlement::Authoritative]);
    (settlement, any::<bool>()).prop_map(|(settlement, gated)| Rules {
        settlement,
        gated,
        ..rules()
    })
}

proptest! {
    #[test]
    fn every_job_is_explained_and_whoever_waits_or_failed_is_helped(
        job in any_job(),
        rules in any_rules(),
        seen in any_surroundings(),
        now in any_time(),
    ) {
        let told = explain(&job, &rules, seen, now);
        prop_assert!(told.summary.len() > 10, "{told:?}");
        prop_assert!(told.summary.ends_with(['.', '!', '?', '…']), "{}", told.summary);
        let needs_help = matches!(job.status(), JobStatus::Queued | JobStatus::Failed);
        prop_assert!(!needs_help || !told.mends.is_empty(), "{told:?}");
        for mend in &told.mends {
            prop_assert!(!mend.advice.is_empty(), "{told:?}");
        }
        prop_assert_eq!(told.next_step_at.is_none(), job.status().is_terminal());
    }
}
