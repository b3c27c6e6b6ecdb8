//! The machine against a world that it sees only through observations: late, repeated, missing,
//! out of order, with requests that stall, copies that start when nobody looks, gates that are
//! raced for, and a cancel at any point.
//!
//! [`world`] knows the truth: what becomes of requests ([`sending`]), what copies do
//! ([`copies`]), and what the gateway's loops learn of that, and when ([`news`]). After every
//! step [`checks`] compares it with the record. At the end of every story the world behaves, and
//! the job has to come to its end.

mod checks;
mod copies;
mod news;
mod sending;
mod world;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::specimens::{gated, local, ungated};
use crate::job::{RetryPolicy, Rules};
use world::{CopyEnd, SendFate, Step, World};

fn any_fate() -> impl Strategy<Value = SendFate> {
    prop_oneof![
        6 => Just(SendFate::Taken),
        3 => Just(SendFate::TakenReplyLost),
        3 => Just(SendFate::TakenReplyLate),
        3 => Just(SendFate::Stalled),
        1 => Just(SendFate::Lost),
        1 => Just(SendFate::Refused),
        1 => Just(SendFate::Held),
        1 => Just(SendFate::DidNotHappen),
    ]
}

fn any_end() -> impl Strategy<Value = CopyEnd> {
    prop_oneof![
        4 => Just(CopyEnd::Success),
        3 => Just(CopyEnd::HostLost),
        1 => Just(CopyEnd::HostLostWhenDone),
        2 => Just(CopyEnd::ProgramExit),
        1 => Just(CopyEnd::WithoutManifest),
        2 => Just(CopyEnd::ExitLikeALostGate),
        1 => Just(CopyEnd::StoppedOutside),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let which = any::<prop::sample::Index>;
    prop_oneof![
        6 => Just(Step::Claim),
        6 => any_fate().prop_map(Step::Send),
        4 => prop_oneof![0..5_u64, 5..120_u64, 600..1000_u64].prop_map(Step::Wait),
        1 => Just(Step::Wait(6 * 86_400)),
        3 => Just(Step::ExpireLease),
        3 => Just(Step::StalledRequestArrives),
        8 => Just(Step::LookUp),
        6 => Just(Step::LookUpForLong),
        3 => Just(Step::LookUpToBeToldLate),
        4 => Just(Step::ReadGate),
        8 => Just(Step::Watch),
        3 => Just(Step::WatchToBeToldLate),
        5 => (which(), any::<bool>()).prop_map(|(which, again)| Step::TellLate { which, again }),
        6 => which().prop_map(Step::CopyStarts),
        4 => (which(), any_end()).prop_map(|(which, end)| Step::CopyEnds(which, end)),
        2 => which().prop_map(Step::CopyIsRepeated),
        1 => which().prop_map(Step::CopyIsForgotten),
        3 => Just(Step::Terminate),
        3 => Just(Step::StopsTakeEffect),
        1 => Just(Step::Cancel),
        1 => Just(Step::WaitTooLong),
        2 => Just(Step::Sweep),
        1 => Just(Step::BackendUnreachable),
        3 => (which(), 0.0..1.0).prop_map(|(which, done)| Step::Report(which, done)),
        2 => any::<bool>().prop_map(|works| Step::ArchiveLogs { works }),
    ]
}

/// Where a story begins, so that those far from the start are told often enough.
fn any_beginning() -> impl Strategy<Value = Vec<Step>> {
    let sent = |fate| vec![Step::Claim, Step::Send(fate)];
    let mut in_doubt = sent(SendFate::Stalled);
    in_doubt.push(Step::LookUpForLong);
    let mut sent_again = in_doubt.clone();
    sent_again.push(Step::Claim);
    let mut arrived_meanwhile = sent_again.clone();
    arrived_meanwhile.push(Step::StalledRequestArrives);
    prop_oneof![
        2 => Just(Vec::new()),
        2 => Just(sent(SendFate::Taken)),
        1 => Just(sent(SendFate::TakenReplyLate)),
        1 => Just(in_doubt),
        1 => Just(sent_again),
        2 => Just(arrived_meanwhile),
    ]
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let once = |rules: Rules| Rules {
        tries: RetryPolicy::once(),
        ..rules
    };
    prop_oneof![
        3 => Just(gated()),
        2 => Just(local()),
        1 => Just(ungated()),
        1 => Just(once(ungated())),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 1000, max_shrink_iters: 20_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_record_never_lies_and_every_job_ends(
        rules in any_rules(),
        beginning in any_beginning(),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let mut world = World::new(rules);
        for step in beginning.into_iter().chain(steps) {
            world.take(step);
        }
        world.behave_until_the_end();
    }
}
