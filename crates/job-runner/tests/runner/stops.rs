//! Being told to stop, and running out of time.

use std::time::Duration;

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::runner::{exit_codes, variables};
use rustix::process::Signal;

use crate::stage::{FOR_EVER, Stage, until};

#[test]
fn a_signal_stops_the_program_and_there_is_no_manifest() {
    for signal in [Signal::TERM, Signal::INT] {
        let stage = Stage::new();
        let script = format!("echo said; touch $STAGE/started; exec sleep {FOR_EVER}");
        let running = stage.start(&script);
        running.signal(signal);
        assert_eq!(running.wait(), exit_codes::STOPPED);
        assert_eq!(stage.manifest(), None, "the next attempt writes it");
        assert!(stage.log_text().contains("said\n"));
        assert!(stage.leftovers().is_empty());
    }
}

#[test]
fn a_program_that_ends_well_when_it_is_stopped_is_no_success() {
    let stage = Stage::new();
    let script = "trap 'exit 0' TERM; touch $STAGE/started; while :; do sleep 0.01; done";
    let running = stage.start(script);
    running.signal(Signal::TERM);
    assert_eq!(running.wait(), exit_codes::STOPPED);
    assert_eq!(stage.manifest(), None);
}

#[test]
fn a_program_that_does_not_listen_is_killed_with_all_that_it_started() {
    let stage = Stage::new();
    let script = "
        trap '' TERM
        sleep 600 &
        setsid sleep 600 &
        touch $STAGE/started
        while :; do sleep 0.01; done";
    let running = stage.start(script);
    running.signal(Signal::TERM);
    running.signal(Signal::TERM);
    assert_eq!(running.wait(), exit_codes::STOPPED);
    assert_eq!(stage.processes(), [0; 0]);
}

#[test]
fn a_program_gets_its_grace() {
    let stage = Stage::new().with(variables::STOP_GRACE_SECONDS, 60);
    let script = "
        trap 'sleep 0.5; echo in time > $STAGE/grace; exit 1' TERM
        touch $STAGE/started
        while :; do sleep 0.01; done";
    let running = stage.start(script);
    running.signal(Signal::TERM);
    assert_eq!(running.wait(), exit_codes::STOPPED);
    assert!(stage.path("grace").exists());
}

#[test]
fn a_stop_while_results_are_stored_does_not_lose_them() {
    let stage = Stage::new();
    let script = "
        i=0; while [ $i -lt 300 ]; do echo $i > $BATCHWAY_OUTPUT_DIR/$i; i=$((i + 1)); done
        touch $STAGE/started";
    let running = stage.start(script);
    let first = stage.path("artifacts/objects/test/ada");
    until(|| {
        std::fs::read_dir(first.join(crate::stage::job(1).as_str()))
            .is_ok_and(|found| found.count() > 3)
    });
    running.signal(Signal::TERM);
    assert_eq!(running.wait(), 0);
    assert_eq!(stage.manifest().unwrap().objects.len(), 300);
}

#[test]
fn time_runs_out() {
    // Enough for its first line on a machine that does much else.
    let limit = Duration::from_secs(5);
    let stage = Stage::new().with(variables::TIMEOUT_SECONDS, limit.as_secs());
    let script = format!("echo half > $BATCHWAY_OUTPUT_DIR/half; sleep {FOR_EVER}");
    assert_eq!(stage.exit_code(&script), exit_codes::TIMED_OUT);
    let manifest = stage.manifest().unwrap();
    assert_eq!(manifest.end, ProgramEnd::TimedOut { limit });
    assert_eq!(stage.artifact("half").as_deref(), Some("half\n"));
}
