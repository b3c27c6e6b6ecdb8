//! Checkpoints go from attempt to attempt, whole or not at all.

use batchway_domain::runner::{exit_codes, variables};
use rustix::process::Signal;

use crate::stage::{Stage, folder_of, job, until};

/// Counts its attempts in the checkpoint, and ends well in the third.
const COUNT: &str = "
    cd $BATCHWAY_CHECKPOINT_DIR
    mkdir -p deep
    count=$(cat deep/count 2>/dev/null || echo 0)
    count=$((count + 1))
    echo $count > deep/new && mv deep/new deep/count
    if [ $count -eq 3 ]; then echo $count > $BATCHWAY_OUTPUT_DIR/count; exit 0; fi
    touch $STAGE/started
    exec sleep 600";

#[test]
fn a_stop_stores_the_checkpoint_and_the_next_attempt_starts_from_it() {
    let mut stage = Stage::new();
    for attempt in 1..=2 {
        stage = stage.with(variables::ATTEMPT, attempt);
        let running = stage.start(COUNT);
        running.signal(Signal::TERM);
        assert_eq!(running.wait(), exit_codes::STOPPED);
        std::fs::remove_file(stage.path("started")).unwrap();
    }
    let stage = stage.with(variables::ATTEMPT, 3);
    assert_eq!(stage.exit_code(COUNT), 0);
    assert_eq!(stage.artifact("count").as_deref(), Some("3\n"));
    assert_eq!(stage.manifest().unwrap().attempt, 3);
    let checkpoint = stage.object(&folder_of(&job(1)).checkpoint());
    assert!(!checkpoint.exists(), "nothing starts from it any more");
}

#[test]
fn a_next_try_starts_from_it_too() {
    let stage = Stage::new();
    let running = stage.start(COUNT);
    running.signal(Signal::TERM);
    running.wait();
    let stage = stage
        .with(variables::TRY, 2)
        .with(variables::BACKEND_ID, "copy-2");
    let script = "cat $BATCHWAY_CHECKPOINT_DIR/deep/count > $BATCHWAY_OUTPUT_DIR/count; exit 5";
    assert_eq!(stage.exit_code(script), 5);
    assert_eq!(stage.artifact("count").as_deref(), Some("1\n"));
    let checkpoint = stage.object(&folder_of(&job(1)).checkpoint());
    assert!(
        checkpoint.exists(),
        "a failure may be followed by another try"
    );
}

#[test]
fn it_is_stored_while_the_program_runs() {
    let stage = Stage::new().with(variables::CHECKPOINT_SECONDS, 0.05);
    let running = stage.start(COUNT);
    let checkpoint = stage.object(&folder_of(&job(1)).checkpoint());
    // An earlier one may hold the folder and not yet the file.
    until(|| {
        std::fs::read(&checkpoint)
            .is_ok_and(|stored| stored.windows(10).any(|name| name == b"deep/count"))
    });
    running.signal(Signal::KILL);
    drop(running);
    let script = "cat $BATCHWAY_CHECKPOINT_DIR/deep/count > $BATCHWAY_OUTPUT_DIR/count";
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(stage.artifact("count").as_deref(), Some("1\n"));
}

#[test]
fn what_is_no_checkpoint_is_not_started_from() {
    let stage = Stage::new();
    stage.put(&folder_of(&job(1)).checkpoint(), &[b'x'; 2048]);
    let code = stage.exit_code("exit 0");
    assert_eq!(code, exit_codes::NOT_STARTED);
    let message = stage.manifest().unwrap().message.unwrap();
    assert!(message.contains("checkpoint"), "{message}");
}
