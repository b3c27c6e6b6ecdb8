//! Of the copies of a try, one works.

use batchway_domain::Timestamp;
use batchway_domain::artifacts::{GateEntry, Manifest, ProgramEnd};
use batchway_domain::job::BackendId;
use batchway_domain::runner::{exit_codes, variables};

use crate::stage::{Stage, folder_of, job};

const WORK: &str = "echo worked >> $STAGE/worked";

fn times_worked(stage: &Stage) -> usize {
    std::fs::read_to_string(stage.path("worked")).map_or(0, |text| text.lines().count())
}

#[test]
fn of_copies_that_start_at_the_same_time_exactly_one_works() {
    for _ in 0..5 {
        let stage = Stage::new();
        let copies: Vec<_> = (0..4)
            .map(|copy| {
                let mut command = stage.command(&["/bin/sh", "-c", WORK]);
                command.env(variables::BACKEND_ID, format!("copy-{copy}"));
                command.spawn().unwrap()
            })
            .collect();
        let mut codes: Vec<i32> = copies
            .into_iter()
            .map(|copy| copy.wait_with_output().unwrap().status.code().unwrap())
            .collect();
        codes.sort_unstable();
        let closed = exit_codes::GATE_CLOSED;
        assert_eq!(codes, [0, closed, closed, closed]);
        assert_eq!(times_worked(&stage), 1);
    }
}

#[test]
fn a_later_attempt_of_the_same_copy_goes_on() {
    let stage = Stage::new();
    let entry = GateEntry::Admitted {
        backend_id: BackendId("copy-1".to_owned()),
    };
    stage.put(&folder_of(&job(1)).gate(1), &entry.encode());
    assert_eq!(stage.exit_code(WORK), 0);
    assert_eq!(times_worked(&stage), 1);
}

#[test]
fn what_an_earlier_attempt_finished_is_not_done_again() {
    let stage = Stage::new();
    assert_eq!(stage.exit_code(&format!("{WORK}; exit 7")), 7);
    let again = Stage::exit_code(&stage, WORK);
    assert_eq!(again, 7, "the end of the first attempt");
    assert_eq!(times_worked(&stage), 1);
    let end = stage.manifest().unwrap().end;
    assert_eq!(end, ProgramEnd::Exited { code: 7 });
}

#[test]
fn what_another_attempt_finished_meanwhile_stays_as_it_is() {
    let stage = Stage::new();
    let script = "
        echo late > $BATCHWAY_OUTPUT_DIR/result
        touch $STAGE/started
        while [ ! -e $STAGE/enough ]; do sleep 0.01; done";
    let running = stage.start(script);
    let folder = folder_of(&job(1));
    stage.put(&folder.artifact("result").unwrap(), b"first\n");
    let first = Manifest {
        version: Manifest::VERSION,
        backend_id: BackendId("copy-1".to_owned()),
        attempt: 2,
        end: ProgramEnd::Exited { code: 9 },
        message: None,
        started_at: None,
        stopped_at: Timestamp::EPOCH,
        objects: Vec::new(),
    };
    stage.put(&folder.manifest(1), &first.encode());
    std::fs::write(stage.path("enough"), "").unwrap();
    assert_eq!(running.wait(), 9, "the end that the manifest tells");
    assert_eq!(stage.artifact("result").as_deref(), Some("first\n"));
    assert_eq!(stage.manifest(), Some(first));
}

#[test]
fn a_cancelled_try_does_not_start() {
    let stage = Stage::new();
    let entry = GateEntry::Cancelled {
        deployment: "abcd1234".parse().unwrap(),
    };
    stage.put(&folder_of(&job(1)).gate(1), &entry.encode());
    assert_eq!(stage.exit_code(WORK), exit_codes::GATE_CLOSED);
    assert_eq!(times_worked(&stage), 0);
    assert_eq!(stage.manifest(), None);
}

#[test]
fn a_gate_that_can_not_be_read_stays_shut() {
    let stage = Stage::new();
    stage.put(&folder_of(&job(1)).gate(1), b"nonsense");
    assert_eq!(stage.exit_code(WORK), exit_codes::GATE_CLOSED);
    let nowhere = Stage::new().with(variables::ARTIFACTS_DIR, "/dev/null/x");
    assert_eq!(nowhere.exit_code(WORK), exit_codes::GATE_UNREACHABLE);
    assert_eq!(times_worked(&stage) + times_worked(&nowhere), 0);
}

#[test]
fn without_a_gate_every_copy_works() {
    let stage = Stage::new().without(variables::GATED);
    assert_eq!(stage.exit_code(WORK), 0);
    let other = stage.with(variables::BACKEND_ID, "copy-2");
    other.exit_code(WORK);
    assert_eq!(times_worked(&other), 2);
}
