//! What a smoke test said and left.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::program::{Gateway, Installation};

/// The steps, in their order.
pub(super) const STEPS: [&str; 11] = [
    "gateway",
    "key",
    "submit",
    "replay",
    "status",
    "second",
    "cancel",
    "wait",
    "artifacts",
    "download",
    "clean-up",
];

/// `batchway smoke --json`, with these arguments besides.
pub(super) fn command(installation: &Installation, arguments: &[&str]) -> Command {
    let arguments = [&["smoke", "--json"], arguments].concat();
    let mut command = installation.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) code: Option<i32>,
    pub(super) report: Value,
    /// All it said.
    text: String,
}

impl Findings {
    pub(super) fn of(installation: &Installation, arguments: &[&str]) -> Self {
        Self::in_output(&command(installation, arguments).output().unwrap())
    }

    /// Of a gateway at its own address.
    pub(super) fn at(installation: &Installation, gateway: &Gateway) -> Self {
        Self::of(installation, &["--url", gateway.url()])
    }

    pub(super) fn in_output(output: &Output) -> Self {
        let text = [output.stdout.clone(), output.stderr.clone()].concat();
        let text = String::from_utf8(text).unwrap();
        let report = serde_json::from_slice(&output.stdout);
        Self {
            code: output.status.code(),
            report: report.unwrap_or_else(|error| panic!("{error}: {text}")),
            text,
        }
    }

    pub(super) fn step(&self, id: &str) -> &Value {
        let steps = self.report["steps"].as_array().unwrap();
        let found = steps.iter().find(|step| step["id"] == id);
        found.unwrap_or_else(|| panic!("no step {id}: {self:#?}"))
    }

    /// What a step says that went so.
    pub(super) fn expect(&self, id: &str, verdict: &str) -> &str {
        let step = self.step(id);
        assert_eq!(step["verdict"], verdict, "{self:#?}");
        step["seen"].as_str().unwrap()
    }

    /// The one step that failed, of which it says this and advises that.
    pub(super) fn expect_failure(&self, id: &str, seen: &str, mend: &str) {
        assert_eq!(self.code, Some(1), "{self:#?}");
        assert_eq!(self.ids_with("failed"), [id], "{self:#?}");
        let step = self.step(id);
        let (said, advised) = (step["seen"].as_str().unwrap(), step["mend"].as_str());
        assert!(said.contains(seen), "{step:#}");
        assert!(advised.unwrap().contains(mend), "{step:#}");
    }

    pub(super) fn expect_all_passed(&self) {
        assert_eq!(self.ids_with("passed"), STEPS, "{self:#?}");
        assert_eq!(self.code, Some(0), "{self:#?}");
    }

    pub(super) fn ids_with(&self, verdict: &str) -> Vec<&str> {
        let steps = self.report["steps"].as_array().unwrap();
        let with = steps.iter().filter(|step| step["verdict"] == verdict);
        with.map(|step| step["id"].as_str().unwrap()).collect()
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

/// Every key of the user is revoked, and all jobs of the user have ended; answers how, in the order
/// of the words.
pub(super) fn expect_nothing_left(installation: &Installation, gateway: &Gateway) -> Vec<String> {
    expect_no_key(installation);
    statuses_of(&jobs(installation, gateway))
}

/// No key of user `smoke` can be used any more.
pub(super) fn expect_no_key(installation: &Installation) {
    let listed = installation.run(&["keys", "list", "--user", "smoke"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let keys: Vec<&str> = listed.lines().skip(1).collect();
    assert!(!keys.is_empty(), "there was one: {listed}");
    assert!(keys.iter().all(|key| !key.ends_with('-')), "{listed}");
}

/// All jobs of user `smoke`.
pub(super) fn jobs(installation: &Installation, gateway: &Gateway) -> Vec<Value> {
    let key = installation.create_key("smoke");
    let page = gateway.get("/api/v1/jobs?limit=100", &key);
    page.body["jobs"].as_array().unwrap().clone()
}

fn statuses_of(jobs: &[Value]) -> Vec<String> {
    let status = |job: &Value| job["status"].as_str().unwrap().to_owned();
    let mut statuses: Vec<String> = jobs.iter().map(status).collect();
    statuses.sort();
    statuses
}
