//! Limits hold the program and spare the runner.

use std::path::Path;

use batchway_domain::artifacts::{Manifest, ProgramEnd};
use batchway_domain::runner::{exit_codes, variables};

use crate::stage::{Stage, folder_of, job};

const MEBIBYTE: u64 = 1024 * 1024;

/// Holds 200 MiB, in a child of the program.
const GREEDY: &str = "
    echo half > $BATCHWAY_OUTPUT_DIR/half
    (head -c 200M /dev/zero | tail -c 200M | sleep 600)
    echo survived > $BATCHWAY_OUTPUT_DIR/survived";

fn control_groups_left(job: &str) -> Vec<std::path::PathBuf> {
    let mut left = Vec::new();
    let mut folders = vec![Path::new("/sys/fs/cgroup").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name().to_string_lossy().contains(job) {
                    left.push(entry.path());
                }
                folders.push(entry.path());
            }
        }
    }
    left
}

/// Out of memory is told, whatever holds the limit; says what did.
fn is_told(job_number: u8, control_groups: u8) -> String {
    let stage = Stage::new()
        .with(variables::JOB_ID, job(job_number))
        .with(variables::CONTROL_GROUPS, control_groups)
        .with(variables::MEMORY_BYTES, 64 * MEBIBYTE);
    assert_eq!(stage.exit_code(GREEDY), exit_codes::OUT_OF_MEMORY);
    let folder = folder_of(&job(job_number));
    let read = |key| std::fs::read(stage.object(&key)).unwrap();
    let manifest = Manifest::decode(&read(folder.manifest(1))).unwrap();
    assert_eq!(manifest.end, ProgramEnd::OutOfMemory);
    let names: Vec<&str> = manifest.objects.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(
        names,
        ["half"],
        "what it left is kept, and it did not go on"
    );
    let left = control_groups_left(job(job_number).as_str());
    assert!(left.is_empty(), "{left:?}");
    let log = String::from_utf8(read(folder.log(1, 1))).unwrap();
    let (_, limits) = log.split_once("limits: ").unwrap();
    limits.lines().next().unwrap().to_owned()
}

#[test]
fn want_of_memory_ends_the_whole_program_and_is_told() {
    let limits = is_told(77, 1);
    assert!(limits.contains("memory"), "{limits}");
}

#[test]
fn without_control_groups_a_watch_does_it() {
    let limits = is_told(78, 0);
    assert_eq!(limits, "rlimit and watch on memory");
}

/// Works for a second or more, and says how long it had a core, and how long it took.
#[test]
fn a_share_of_a_core_is_held_or_said_not_to_be() {
    let stage = Stage::new().with(variables::CPUS, 0.2);
    let script = "
        begun=$(date +%s%N)
        trap 'had=$(cut -d \" \" -f 1 /proc/$$/schedstat)
              echo $had $(($(date +%s%N) - begun)); exit 0' USR1
        (sleep 1; kill -USR1 $$) &
        while :; do :; done";
    assert_eq!(stage.exit_code(script), 0);
    let log = stage.log_text();
    if log.contains("none on cpu") {
        return;
    }
    assert!(log.contains(" cpu\n"), "{log}");
    let (on_cpu, took) = log.lines().last().unwrap().split_once(' ').unwrap();
    let (on_cpu, took): (u64, u64) = (on_cpu.parse().unwrap(), took.parse().unwrap());
    assert!(on_cpu < took * 2 / 5, "{on_cpu} of {took} ns");
}

#[test]
fn a_program_within_its_limits_is_left_alone() {
    let stage = Stage::new()
        .with(variables::MEMORY_BYTES, 512 * MEBIBYTE)
        .with(variables::CPUS, 0.5);
    let script = "head -c 100M /dev/zero | tail -c 100M > /dev/null; echo fine";
    assert_eq!(stage.exit_code(script), 0);
    assert!(stage.log_text().contains("fine"));
}

#[test]
fn no_core_is_dumped_and_the_kernel_prefers_the_program() {
    let stage = Stage::new();
    assert_eq!(
        stage.exit_code("ulimit -c; cat /proc/self/oom_score_adj"),
        0
    );
    assert!(
        stage.log_text().ends_with("\n0\n500\n"),
        "{}",
        stage.log_text()
    );
}
