use batchway_domain::job_type::AwsBatchExecution;

use super::*;
use crate::configuration::Variables;

const MINIMAL: &str = r#"
    [greet]
    summary = "Greets."
    params_schema = { type = "object" }
    example = {}
    process.command = ["echo", "hello"]
"#;

/// The embedded default.
fn embedded() -> Adapters {
    Adapters::select(&Variables::default()).unwrap()
}

fn with_batch(more: &[(&str, &str)]) -> Adapters {
    let mut pairs = vec![
        ("AWS_BATCH_JOB_QUEUE", "live2-job-queue"),
        ("AWS_BATCH_JOB_DEFINITION", "live2-simulation"),
        ("AWS_S3_BUCKET", "live2-artifacts"),
    ];
    pairs.extend(more);
    Adapters::select(&Variables::of_pairs(&pairs)).unwrap()
}

fn read(text: &str, adapters: &Adapters) -> Result<JobTypes, String> {
    parse(text, "test.toml", &read_built_in_schema, adapters).map_err(|failure| failure.to_string())
}

/// The minimal file, with a line more in its type.
fn with(line: &str) -> String {
    MINIMAL.replace("example = {}", &format!("example = {{}}\n{line}"))
}

/// Where each type of a file runs.
fn backends(types: &JobTypes) -> Vec<(&str, &str)> {
    types
        .iter()
        .map(|kind| (kind.name.as_str(), kind.backend.as_str()))
        .collect()
}

fn on_batch<'a>(types: &'a JobTypes, name: &str) -> &'a AwsBatchExecution {
    match &types.get(&name.parse().unwrap()).unwrap().execution {
        Execution::AwsBatch(execution) => execution,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_built_in_types_run_where_they_are_meant_to() {
    let types = load(None, &embedded()).unwrap();
    assert!(types.iter().all(|kind| kind.gated));
    assert_eq!(
        backends(&types),
        [
            ("generate_dataset", "process"),
            ("run_simulation", "process")
        ]
    );

    let types = load(None, &with_batch(&[])).unwrap();
    assert_eq!(
        backends(&types),
        [
            ("generate_dataset", "process"),
            ("run_simulation", "aws-batch")
        ]
    );
    let simulation = on_batch(&types, "run_simulation");
    assert_eq!(simulation.queue, "live2-job-queue");
    assert_eq!(simulation.definition, "live2-simulation");
    assert_eq!(
        simulation.command.as_deref().unwrap().join(" "),
        "open-chemistry simulate"
    );

    let processes = with_batch(&[("BATCHWAY_COMPUTE", "process")]);
    let types = load(None, &processes).unwrap();
    assert!(types.iter().all(|kind| kind.backend.as_str() == "process"));
}

#[test]
fn a_dataset_goes_to_batch_where_the_file_says_so() {
    let text = BUILT_IN.replace("backend = \"process\"", "backend = \"aws-batch\"");
    let types = read(&text, &with_batch(&[])).unwrap();
    let command = on_batch(&types, "generate_dataset").command.clone();
    assert_eq!(command.unwrap().last().unwrap(), "dataset");
}

/// The file that the documents give to those who come with an image of their own.
#[test]
fn an_image_that_knows_nothing_of_the_runner_has_an_example() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/own-image.toml");
    let types = load(Some(&path), &with_batch(&[])).unwrap();
    assert_eq!(
        backends(&types),
        [
            ("generate_dataset", "aws-batch"),
            ("run_simulation", "aws-batch")
        ]
    );
    for kind in types.iter() {
        assert!(!kind.gated, "{}", kind.name);
        assert!(
            !kind.tries.allows_another(FailureClass::HostLost, 1),
            "{} would run twice",
            kind.name
        );
    }
    let simulation = on_batch(&types, "run_simulation");
    assert_eq!(simulation.definition, "live2-simulation");
    assert_eq!(simulation.command, None, "the image's own");

    let problem = load(Some(&path), &embedded()).unwrap_err().to_string();
    assert!(
        problem.contains("own-image.toml") && problem.contains("AWS_BATCH_JOB_QUEUE"),
        "{problem}"
    );
}

#[test]
fn a_new_type_needs_five_lines() {
    let types = read(MINIMAL, &embedded()).unwrap();
    let greet = types.get(&"greet".parse().unwrap()).unwrap();
    assert!(greet.tries.allows_another(FailureClass::HostLost, 1));
    assert_eq!(greet.timeout, None);
}

#[test]
fn a_type_runs_where_it_can_and_rather_where_most_do() {
    let batch = with_batch(&[]);
    let only_process = read(MINIMAL, &batch).unwrap();
    assert_eq!(backends(&only_process), [("greet", "process")]);
    let both = read(&with("aws_batch = {}"), &batch).unwrap();
    assert_eq!(backends(&both), [("greet", "aws-batch")]);
    let elsewhere = with_batch(&[("BATCHWAY_COMPUTE", "process")]);
    let both = read(&with("aws_batch = {}"), &elsewhere).unwrap();
    assert_eq!(backends(&both), [("greet", "process")]);
    let named = with("aws_batch = {}\nbackend = \"aws-batch\"");
    assert_eq!(
        backends(&read(&named, &elsewhere).unwrap()),
        [("greet", "aws-batch")]
    );
}

#[test]
fn a_table_of_batch_is_read_whole() {
    let line = r#"
        timeout = "1h"
        [greet.aws_batch]
        queue = "gpu-queue"
        definition = "greeter:7"
        vcpus = 0.25
        memory = "1GiB"
        command = ["greet"]
        environment = { OMP_NUM_THREADS = "4" }
        [greet.process]
    "#;
    let text = MINIMAL.replace("process.command", &format!("{line}\ncommand"));
    let types = read(&text, &with_batch(&[])).unwrap();
    assert_eq!(
        *on_batch(&types, "greet"),
        AwsBatchExecution {
            queue: "gpu-queue".into(),
            definition: "greeter:7".into(),
            vcpus: Some("0.25".into()),
            memory_mib: Some(1024),
            command: Some(vec!["greet".into()]),
            environment: BTreeMap::from([("OMP_NUM_THREADS".into(), "4".into())]),
        }
    );
}

#[test]
fn a_file_without_types_is_not_taken_for_one() {
    assert!(
        read("# all gone\n", &embedded())
            .unwrap_err()
            .contains("no job type")
    );
}

#[test]
fn mistakes_are_named_with_their_type_and_field() {
    for (change, expected) in [
        ("timeout = \"soon\"", "timeout"),
        ("colour = \"red\"", "colour"),
        ("gate = \"none\"", "gate"),
        ("tries.spot_reclaim = 11", "spot_reclaim"),
        (
            "params_schema_file = \"run_simulation.json\"",
            "params_schema_file",
        ),
        ("process.cpus = -1", "cpus"),
        ("process.cpus = nan", "cpus"),
        ("process.memory = \"lots\"", "512MiB"),
        ("process.log = \"0B\"", "process.log"),
        ("backend = \"kubernetes\"", "backend"),
        ("backend = \"aws-batch\"", "needs a table aws_batch"),
        ("aws_batch.queue = \" \"", "aws_batch.queue"),
        ("aws_batch.vcpus = 0", "aws_batch.vcpus"),
        ("aws_batch.memory = \"1500KB\"", "whole MiB"),
        ("aws_batch.memory = \"2MiB\"", "at least 4"),
        ("aws_batch.command = []", "aws_batch.command"),
        ("aws_batch.command = [\"run\", \"\"]", "empty word"),
        (
            "aws_batch.environment.AWS_BATCH_JOB_ID = \"1\"",
            "AWS_BATCH_JOB_ID",
        ),
        ("aws_batch.environment.BATCHWAY_TRY = \"1\"", "BATCHWAY_TRY"),
        ("aws_batch.environment.JOB_PARAMS = \"{}\"", "JOB_PARAMS"),
        ("aws_batch.environment.\"A=B\" = \"1\"", "A=B"),
        ("timeout = \"59s\"\naws_batch = {}", "at least 60s"),
    ] {
        let message = read(&with(change), &with_batch(&[])).unwrap_err();
        assert!(
            message.contains("test.toml") && message.contains(expected),
            "{change}: {message}"
        );
    }
}

#[test]
fn a_type_for_a_backend_that_is_not_there_is_refused_by_name() {
    let problem = read(
        &with("aws_batch = {}\nbackend = \"aws-batch\""),
        &embedded(),
    )
    .unwrap_err();
    assert!(
        problem.contains("job type greet") && problem.contains("AWS_BATCH_JOB_QUEUE"),
        "{problem}"
    );
    let nothing = MINIMAL.replace("process.command = [\"echo\", \"hello\"]", "");
    let problem = read(&nothing, &embedded()).unwrap_err();
    assert!(problem.contains("process or aws_batch"), "{problem}");
}
