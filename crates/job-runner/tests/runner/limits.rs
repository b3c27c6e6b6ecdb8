//! Limits hold the program and spare the runner.

use std::path::Path;

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::runner::{exit_codes, variables};

use crate::stage::{Stage, job};

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

#[test]
fn want_of_memory_ends_the_whole_program_and_is_told() {
    let stage = Stage::new()
        .with(variables::JOB_ID, job(77))
        .with(variables::MEMORY_BYTES, 64 * MEBIBYTE);
    let code = stage.exit_code(GREEDY);
    let stage = stage.with(variables::JOB_ID, job(1));
    assert_eq!(code, exit_codes::OUT_OF_MEMORY);
    let folder = crate::stage::folder_of(&job(77));
    let read = |key| std::fs::read(stage.object(&key)).unwrap();
    let manifest = batchway_domain::artifacts::Manifest::decode(&read(folder.manifest(1))).unwrap();
    assert_eq!(manifest.end, ProgramEnd::OutOfMemory);
    let names: Vec<&str> = manifest.objects.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(
        names,
        ["half"],
        "what it left is kept, and it did not go on"
    );
    let log = String::from_utf8(read(folder.log(1, 1))).unwrap();
    assert!(log.contains("limits: ") && log.contains("memory"), "{log}");
    assert_eq!(
        control_groups_left(job(77).as_str()),
        [""; 0].map(Path::new)
    );
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
