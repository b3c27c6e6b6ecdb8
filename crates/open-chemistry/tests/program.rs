//! The program as its runner sees it: environment, files, signals, exit codes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const DEADLINE: Duration = Duration::from_secs(150);

/// The folders that a runner makes for a job.
struct Workplace {
    root: TempDir,
}

impl Workplace {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn output(&self) -> PathBuf {
        self.path("output")
    }

    /// The program, set up as the runner does; each test changes what it is about.
    fn program(&self, command: &str, params: &Value) -> Command {
        let params_file = self.path("params.json");
        fs::write(&params_file, params.to_string()).expect("writable");
        let mut program = Command::new(env!("CARGO_BIN_EXE_open-chemistry"));
        program
            .arg(command)
            .env_remove("JOB_PARAMS")
            .env("BATCHWAY_PARAMS_FILE", params_file)
            .env("BATCHWAY_OUTPUT_DIR", self.output())
            .env("BATCHWAY_INPUT_DIR", self.path("input"))
            .env("BATCHWAY_CHECKPOINT_DIR", self.path("checkpoints"))
            .env("BATCHWAY_PROGRESS", self.path("progress"))
            .stdin(Stdio::null());
        program
    }

    /// Runs a simulation and keeps its results as those of a job.
    fn simulated_job(&self, id: &str, seed: u64) {
        let mut program = self.program("simulate", &simulation(100, 3_000, seed));
        program.env("BATCHWAY_OUTPUT_DIR", self.path("input").join(id));
        succeed(program);
    }
}

fn simulation(num_particles: u64, steps: u64, seed: u64) -> Value {
    json!({"simulation_config": {"mode": "open_chemistry", "config": {
        "num_particles": num_particles, "temperature": 300, "steps": steps, "seed": seed
    }}})
}

fn dataset(dataset_type: &str, output_format: &str, runs: &[&str]) -> Value {
    json!({"dataset_type": dataset_type, "output_format": output_format, "runs": runs})
}

fn succeed(mut program: Command) -> Output {
    let output = program.output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    output
}

/// Runs the program, which must refuse; returns what it says.
fn refused(mut program: Command) -> String {
    let output = program.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// Runs a Python script of this folder.
#[expect(
    clippy::disallowed_methods,
    reason = "the test command names its Python in a variable"
)]
fn check_with_python(script: &str, module: &str, files: &[&Path]) {
    let python = std::env::var("BATCHWAY_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let importable = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    assert!(
        importable.is_ok_and(|output| output.status.success()),
        "{python} can't import {module}: `pip install h5py numpy pyarrow` into a virtual \
         environment and set BATCHWAY_TEST_PYTHON to its interpreter, or run `cargo xtask test`, \
         which does both",
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(script);
    let output = Command::new(python)
        .arg(script)
        .args(files)
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    names
}

fn json_file(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn a_simulation_leaves_its_results() {
    let workplace = Workplace::new();
    succeed(workplace.program("simulate", &simulation(200, 5_000, 1)));
    let output = workplace.output();
    assert_eq!(
        files_in(&output),
        [
            "molecules.csv",
            "molecules.svg",
            "reactions.csv",
            "results.h5",
            "summary.json",
            "thermodynamics.svg"
        ]
    );
    check_with_python("read_with_h5py.py", "h5py", &[&output.join("results.h5")]);

    let summary = json_file(&output.join("summary.json"));
    assert_eq!(
        summary["params"]["simulation_config"]["config"]["num_particles"],
        200
    );
    let lines = |name| {
        fs::read_to_string(output.join(name))
            .expect("a file")
            .lines()
            .count()
    };
    assert_eq!(summary["reactions"]["listed"], lines("reactions.csv") - 1);
    assert_eq!(summary["molecule_kinds_seen"], lines("molecules.csv") - 1);

    let progress = fs::read_to_string(workplace.path("progress")).expect("progress");
    let last: Value = serde_json::from_str(progress.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["progress"], 1.0);
    let message = last["message"].as_str().expect("a message");
    assert!(message.starts_with("step 5,000 of 5,000: "), "{message}");
}

#[test]
fn the_largest_run_is_as_readable() {
    let workplace = Workplace::new();
    succeed(workplace.program("simulate", &simulation(100_000, 11, 1)));
    let results = workplace.output().join("results.h5");
    check_with_python("read_with_h5py.py", "h5py", &[&results]);
}

#[test]
fn a_run_without_any_reaction_is_as_readable() {
    let workplace = Workplace::new();
    succeed(workplace.program("simulate", &simulation(10, 1, 1)));
    check_with_python(
        "read_with_h5py.py",
        "h5py",
        &[&workplace.output().join("results.h5")],
    );
}

#[test]
fn params_come_from_a_flag_a_file_or_a_variable_in_this_order() {
    let workplace = Workplace::new();
    let seed_used = |program: Command| {
        succeed(program);
        let summary = json_file(&workplace.output().join("summary.json"));
        summary["params"]["simulation_config"]["config"]["seed"].clone()
    };
    let in_variable = simulation(10, 1, 3).to_string();
    let from_file = || {
        let mut program = workplace.program("simulate", &simulation(10, 1, 2));
        program.env("JOB_PARAMS", &in_variable);
        program
    };

    let flag = workplace.path("flag.json");
    fs::write(&flag, simulation(10, 1, 1).to_string()).expect("writable");
    let mut with_flag = from_file();
    with_flag.arg("--params").arg(&flag);
    assert_eq!(seed_used(with_flag), 1);
    assert_eq!(seed_used(from_file()), 2);
    let mut with_variable = from_file();
    with_variable.env("BATCHWAY_PARAMS_FILE", "");
    assert_eq!(seed_used(with_variable), 3);
}

#[test]
fn bad_params_are_refused_by_name() {
    let workplace = Workplace::new();
    let mut hot = simulation(10, 1, 1);
    hot["simulation_config"]["config"]["temperature"] = json!(9000);
    let said = refused(workplace.program("simulate", &hot));
    assert!(
        said.contains(
            "params.simulation_config.config.temperature: 9000 is above the maximum 5000"
        ),
        "{said}"
    );
    let said = refused(workplace.program("dataset", &json!({"dataset_type": "all", "runs": []})));
    assert!(
        said.contains("params.dataset_type: \"all\" is not one of"),
        "{said}"
    );

    let mut nothing = workplace.program("simulate", &Value::Null);
    nothing.env_remove("BATCHWAY_PARAMS_FILE");
    assert!(refused(nothing).contains("JOB_PARAMS"));
    assert!(!workplace.output().exists());
}

/// Starts the program with a pipe for its progress, and waits for the first line.
fn start_and_wait_for_progress(workplace: &Workplace, mut program: Command) -> Child {
    let pipe = workplace.path("pipe");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .expect("a pipe");
    // Open for writing as well, so that opening doesn't wait for the program.
    let reader = fs::File::options()
        .read(true)
        .write(true)
        .open(&pipe)
        .expect("a reader");
    program
        .env("BATCHWAY_PROGRESS", &pipe)
        .stderr(Stdio::piped());
    let child = program.spawn().expect("the program starts");
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(reader).read_line(&mut line);
        // Nobody listens any more if the test has given up.
        let _ = sender.send(read.map(|_| line));
    });
    let line = lines
        .recv_timeout(DEADLINE)
        .expect("progress in time")
        .expect("a line");
    assert!(line.contains("\"message\":\"step "), "{line}");
    child
}

#[test]
fn sigterm_leaves_a_checkpoint_from_which_the_same_results_come() {
    let workplace = Workplace::new();
    let params = simulation(200, 20_000, 4);
    let child = start_and_wait_for_progress(&workplace, workplace.program("simulate", &params));
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("it is running");
    let stopped = child.wait_with_output().expect("it ends");
    assert_eq!(stopped.status.code(), Some(143), "{stopped:?}");
    let said = String::from_utf8(stopped.stderr).expect("UTF-8");
    assert!(
        said.contains("stopped at step ") && said.contains("checkpoint.bin"),
        "{said}"
    );
    assert!(!workplace.output().join("results.h5").exists());

    let resumed = succeed(workplace.program("simulate", &params));
    let said = String::from_utf8(resumed.stderr).expect("UTF-8");
    assert!(said.contains("going on from step "), "{said}");

    let untouched = Workplace::new();
    succeed(untouched.program("simulate", &params));
    for name in files_in(&untouched.output()) {
        let [one, other] = [&workplace, &untouched]
            .map(|place| fs::read(place.output().join(&name)).expect("a file"));
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn datasets_are_the_same_in_every_format() {
    let workplace = Workplace::new();
    workplace.simulated_job("job_1", 1);
    workplace.simulated_job("job_2", 2);
    for dataset_type in [
        "reaction_trajectories",
        "autocatalysis_network",
        "novel_molecules",
    ] {
        let made = |format: &str| {
            let folder = workplace.path(&format!("{dataset_type}-{format}"));
            let params = dataset(dataset_type, format, &["job_1", "job_2"]);
            let mut program = workplace.program("dataset", &params);
            program.env("BATCHWAY_OUTPUT_DIR", &folder);
            succeed(program);
            let name = format!("dataset.{format}");
            assert_eq!(files_in(&folder), [name.as_str(), "summary.json"]);
            let summary = json_file(&folder.join("summary.json"));
            (
                folder.join(name),
                summary["rows"].as_u64().expect("a number"),
            )
        };
        let (parquet, rows) = made("parquet");
        let (json, _) = made("json");
        let (csv, _) = made("csv");
        check_with_python("read_with_pyarrow.py", "pyarrow", &[&parquet, &json]);
        let lines = fs::read_to_string(csv).expect("a file").lines().count() as u64;
        assert_eq!(lines, rows + 1);
        assert_eq!(
            json_file(&json).as_array().expect("an array").len() as u64,
            rows
        );
    }
}

#[test]
fn trajectories_tell_what_the_runs_tell() {
    let workplace = Workplace::new();
    workplace.simulated_job("job_1", 1);
    let params = dataset("reaction_trajectories", "json", &["job_1"]);
    succeed(workplace.program("dataset", &params));
    let rows = json_file(&workplace.output().join("dataset.json"));
    let csv = fs::read_to_string(workplace.path("input/job_1/reactions.csv")).expect("a file");
    let mut expected = 0;
    for (row, line) in rows
        .as_array()
        .expect("an array")
        .iter()
        .zip(csv.lines().skip(1))
    {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let told = [
            row["step"].to_string(),
            text("kind"),
            row["particle_1"].to_string(),
            row["particle_2"].to_string(),
            text("reactant_1"),
            text("reactant_2"),
            text("product_1"),
            text("product_2"),
            text("catalyst"),
        ]
        .join(",");
        assert!(line.starts_with(&told), "{told} is not {line}");
        expected += 1;
    }
    assert!(expected > 10);
    assert_eq!(csv.lines().count(), expected + 1);
}

#[test]
fn a_graph_and_metrics_come_when_asked_for() {
    let workplace = Workplace::new();
    workplace.simulated_job("job_1", 1);
    let mut params = dataset("autocatalysis_network", "json", &["job_1"]);
    params["include_graphs"] = json!(true);
    params["include_metrics"] = json!(true);
    succeed(workplace.program("dataset", &params));
    let output = workplace.output();
    assert_eq!(
        files_in(&output),
        [
            "dataset.json",
            "network.json",
            "network.svg",
            "summary.json"
        ]
    );
    let rows = json_file(&output.join("dataset.json"));
    let graph = json_file(&output.join("network.json"));
    let length = |value: &Value| value.as_array().map(Vec::len);
    assert_eq!(length(&graph["edges"]), length(&rows));
    let summary = json_file(&output.join("summary.json"));
    assert_eq!(summary["metrics"][0]["run"], "job_1");
    assert_eq!(summary["metrics"][0]["particles"], 100);
}

#[test]
fn a_run_that_cannot_be_used_is_refused_by_name() {
    let workplace = Workplace::new();
    workplace.simulated_job("job_good", 1);
    let refusal = |run: &str| {
        refused(workplace.program(
            "dataset",
            &dataset("novel_molecules", "json", &["job_good", run]),
        ))
    };
    let said = refusal("job_missing");
    assert!(said.contains("job_missing can't be used"), "{said}");

    let place = |id: &str, bytes: &[u8]| {
        let folder = workplace.path("input").join(id);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("results.h5"), bytes).expect("writable");
    };
    place("job_text", b"not HDF5");
    assert!(refusal("job_text").contains("job_text can't be used"));

    let good = fs::read(workplace.path("input/job_good/results.h5")).expect("a file");
    place("job_half", &good[..good.len() / 2]);
    assert!(refusal("job_half").contains("job_half can't be used"));

    let mut foreign = hdf5_pure::FileBuilder::new();
    foreign.create_dataset("other").with_data(&[1.0_f64]);
    place("job_foreign", &foreign.finish().expect("a file"));
    let said = refusal("job_foreign");
    assert!(
        said.contains("job_foreign") && said.contains("lacks the layout"),
        "{said}"
    );
}
