//! What is accepted and refused, by the program and by the schemas alike.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{
    DatasetParams, DatasetType, GENERATE_DATASET_SCHEMA, OutputFormat, ParamsError,
    RUN_SIMULATION_SCHEMA, SimulationParams, parse_document,
};

fn validator(schema: &str) -> Validator {
    let schema = serde_json::from_str(schema).expect("a schema is JSON");
    jsonschema::meta::validate(&schema).expect("a schema follows its own schema");
    jsonschema::validator_for(&schema).expect("a schema compiles")
}

fn simulation(config: Value) -> Value {
    json!({"simulation_config": {"mode": "open_chemistry", "config": config}})
}

/// The usual config with one field replaced, or taken away by null.
fn simulation_with(field: &str, value: Value) -> Value {
    let config = json!({"num_particles": 1000, "temperature": 300, "steps": 50000});
    simulation(with(config, field, value))
}

fn dataset_with(field: &str, value: Value) -> Value {
    let params = json!({"dataset_type": "novel_molecules", "runs": ["job_1a"]});
    with(params, field, value)
}

fn filtered_by(field: &str, value: Value) -> Value {
    dataset_with("filters", json!({field: value}))
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    let fields = object.as_object_mut().expect("an object");
    if value == json!("absent") {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), value);
    }
    object
}

fn many_runs(count: usize) -> Value {
    (0..count).map(|number| format!("job_{number}")).collect()
}

#[test]
fn simulation_params_are_judged_as_by_their_schema() {
    let good = [
        simulation_with("seed", json!(7)),
        simulation_with("seed", json!("absent")),
        simulation_with("seed", json!(9_007_199_254_740_991_u64)),
        simulation_with("num_particles", json!(10)),
        simulation_with("num_particles", json!(100_000)),
        simulation_with("num_particles", json!(1000.0)),
        simulation_with("temperature", json!(1)),
        simulation_with("temperature", json!(4999.5)),
        simulation_with("steps", json!(1)),
        simulation_with("steps", json!(10_000_000)),
        simulation_with("density", json!(0.4)),
        simulation_with("density", json!(0.01)),
    ];
    let bad = [
        json!(null),
        json!([]),
        json!({}),
        json!({"simulation_config": {}}),
        json!({"simulation_config": {"mode": "open_chemistry"}}),
        json!({"simulation_config": {"mode": "closed", "config": {}}}),
        with(simulation_with("seed", json!(1)), "extra", json!(1)),
        simulation_with("num_particles", json!("absent")),
        simulation_with("num_particles", json!(9)),
        simulation_with("num_particles", json!(-5)),
        simulation_with("num_particles", json!(100_001)),
        simulation_with("num_particles", json!(10.5)),
        simulation_with("num_particles", json!("1000")),
        simulation_with("temperature", json!("absent")),
        simulation_with("temperature", json!(0.99)),
        simulation_with("temperature", json!(9000)),
        simulation_with("temperature", json!(1e308)),
        simulation_with("temperature", json!(null)),
        simulation_with("steps", json!(0)),
        simulation_with("steps", json!(10_000_001)),
        simulation_with("steps", json!(true)),
        simulation_with("seed", json!(-1)),
        simulation_with("seed", json!(9_007_199_254_740_992_u64)),
        simulation_with("density", json!(0.5)),
        simulation_with("density", json!([0.3])),
        simulation_with("pressure", json!(1)),
    ];
    let schema = validator(RUN_SIMULATION_SCHEMA);
    let accepts = |params: &Value| SimulationParams::from_json(params).is_ok();
    agree(&schema, &accepts, &good, &bad);
}

#[test]
fn dataset_params_are_judged_as_by_their_schema() {
    let good = [
        dataset_with("dataset_type", json!("reaction_trajectories")),
        dataset_with("dataset_type", json!("autocatalysis_network")),
        dataset_with("runs", many_runs(100)),
        dataset_with("output_format", json!("csv")),
        dataset_with("filters", json!({})),
        filtered_by("species", json!(["A", "C"])),
        filtered_by("species", json!([])),
        filtered_by("min_size", json!(2)),
        filtered_by("max_size", json!(100_000)),
        filtered_by("step_from", json!(0)),
        filtered_by("step_to", json!(10_000_000)),
        dataset_with("include_metrics", json!(true)),
        dataset_with("novelty_threshold", json!(1)),
        dataset_with("limit", json!(1_000_000)),
        dataset_with("include_graphs", json!(false)),
    ];
    let bad = [
        json!("novel_molecules"),
        dataset_with("dataset_type", json!("absent")),
        dataset_with("dataset_type", json!("other")),
        dataset_with("runs", json!("absent")),
        dataset_with("runs", json!([])),
        dataset_with("runs", many_runs(101)),
        dataset_with("runs", json!(["job_1", "job_1"])),
        dataset_with("runs", json!(["job_"])),
        dataset_with("runs", json!(["job_A"])),
        dataset_with("runs", json!(["../job_1"])),
        dataset_with("runs", json!(["job_1/../job_2"])),
        dataset_with("runs", json!(["job_1\n"])),
        dataset_with("runs", json!(["xjob_1"])),
        dataset_with("runs", json!([1])),
        dataset_with("runs", json!("job_1")),
        dataset_with("output_format", json!("xml")),
        dataset_with("filters", json!([])),
        filtered_by("species", json!(["D"])),
        filtered_by("species", json!(["A", "A"])),
        filtered_by("species", json!("A")),
        filtered_by("min_size", json!(0)),
        filtered_by("max_size", json!(1.5)),
        filtered_by("step_from", json!(-1)),
        filtered_by("step_to", json!(10_000_001)),
        filtered_by("colour", json!("red")),
        dataset_with("include_metrics", json!(1)),
        dataset_with("novelty_threshold", json!(1.01)),
        dataset_with("novelty_threshold", json!(-0.1)),
        dataset_with("limit", json!(0)),
        dataset_with("limit", json!(1_000_001)),
        dataset_with("include_graphs", json!("yes")),
        dataset_with("colour", json!("red")),
    ];
    let schema = validator(GENERATE_DATASET_SCHEMA);
    let accepts = |params: &Value| DatasetParams::from_json(params).is_ok();
    agree(&schema, &accepts, &good, &bad);
}

fn agree(schema: &Validator, accepts: &dyn Fn(&Value) -> bool, good: &[Value], bad: &[Value]) {
    for (params, expected) in good
        .iter()
        .map(|params| (params, true))
        .chain(bad.iter().map(|params| (params, false)))
    {
        assert_eq!(accepts(params), expected, "the program, on {params}");
        assert_eq!(schema.is_valid(params), expected, "the schema, on {params}");
    }
}

#[test]
fn a_refusal_names_the_field_and_the_limit() {
    let refusal = |params: Value| {
        SimulationParams::from_json(&params)
            .expect_err("must be refused")
            .to_string()
    };
    let config = "params.simulation_config.config";
    assert_eq!(
        refusal(simulation_with("temperature", json!(9000))),
        format!("{config}.temperature: 9000 is above the maximum 5000")
    );
    assert_eq!(
        refusal(simulation_with("num_particles", json!(-3))),
        format!("{config}.num_particles: -3 is below the minimum 10")
    );
    assert_eq!(
        refusal(simulation_with("steps", json!(2.5))),
        format!("{config}.steps: 2.5 is not a whole number")
    );
    assert_eq!(
        refusal(simulation_with("steps", json!("absent"))),
        format!("{config}.steps: is missing")
    );
    assert_eq!(
        refusal(simulation_with("colour", json!(1))),
        format!("{config}.colour: is not a known field")
    );
    assert_eq!(
        refusal(json!({"simulation_config": {"mode": "gas", "config": {}}})),
        "params.simulation_config.mode: \"gas\" is not one of open_chemistry"
    );
    let long = "x".repeat(1000);
    assert!(
        refusal(simulation_with("steps", json!(long)))
            .chars()
            .count()
            < 150
    );
}

#[test]
fn a_refusal_of_a_run_names_its_place() {
    let refused = DatasetParams::from_json(&dataset_with("runs", json!(["job_1", "../x"])));
    assert_eq!(
        refused.expect_err("must be refused").to_string(),
        "params.runs[1]: \"../x\" is not a job id"
    );
}

#[test]
fn text_that_is_not_json_is_refused() {
    let ParamsError { field, problem } = parse_document("{").expect_err("must be refused");
    assert_eq!(field, "params");
    assert!(problem.starts_with("not valid JSON"), "{problem}");
}

#[test]
fn params_are_written_as_they_are_read() {
    let params = simulation_with("seed", json!(7));
    let read = SimulationParams::from_json(&params).expect("valid");
    assert_eq!(SimulationParams::from_json(&read.to_json()), Ok(read));
}

#[test]
fn defaults_are_those_of_the_dataset_type() {
    for (dataset_type, expected) in [
        ("reaction_trajectories", OutputFormat::Parquet),
        ("autocatalysis_network", OutputFormat::Json),
        ("novel_molecules", OutputFormat::Json),
    ] {
        let params = dataset_with("dataset_type", json!(dataset_type));
        let read = DatasetParams::from_json(&params).expect("valid");
        assert_eq!(read.output_format, expected, "{dataset_type}");
    }
    let read = DatasetParams::from_json(&dataset_with("limit", json!(3))).expect("valid");
    assert_eq!(read.dataset_type, DatasetType::NovelMolecules);
    assert_eq!(
        (read.limit, read.include_graphs, read.include_metrics),
        (3, false, false)
    );
    assert_eq!(read.filters, super::Filters::default());
}
