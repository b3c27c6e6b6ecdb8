//! What the doctor says, read as programs read it.

use std::process::Output;

use serde_json::Value;

use crate::gateway::{Installation, text};

const DOCUMENT: &str = include_str!("../../../../../docs/doctor.md");

/// A report, and the exit code that came with it.
pub(crate) struct Findings {
    pub(crate) exit_code: Option<i32>,
    report: Value,
}

impl Findings {
    pub(crate) fn of(installation: &Installation) -> Self {
        Self::read(&installation.run(&["doctor", "--json"]))
    }

    fn read(output: &Output) -> Self {
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {output:?}"));
        let findings = Self {
            exit_code: output.status.code(),
            report,
        };
        for check in findings.all() {
            let id = text(check, "id");
            assert!(
                DOCUMENT.contains(&format!("`{id}`")),
                "{id} is not in docs/doctor.md"
            );
        }
        findings
    }

    pub(crate) fn all(&self) -> &[Value] {
        self.report["checks"].as_array().unwrap()
    }

    /// The one check of this kind, or the worst of them, which stands last.
    pub(crate) fn check(&self, id: &str) -> &Value {
        let of_kind = |check: &&Value| text(check, "id") == id;
        let found = self.all().iter().rfind(of_kind);
        found.unwrap_or_else(|| panic!("no check {id} in {:#}", self.report))
    }

    pub(crate) fn expect(&self, id: &str, verdict: &str) -> &Value {
        let check = self.check(id);
        assert_eq!(text(check, "verdict"), verdict, "{check:#}");
        check
    }

    /// The check failed, the whole with it, and the mend says this.
    pub(crate) fn expect_failure(&self, id: &str, mend: &str) {
        let check = self.expect(id, "failed");
        assert!(check["mend"].to_string().contains(mend), "{check:#}");
        assert!(check["cause"].is_string(), "{check:#}");
        assert_eq!(text(&self.report, "verdict"), "failed");
        assert_eq!(self.exit_code, Some(1));
    }

    pub(crate) fn expect_nothing_failed(&self) {
        let failed = self
            .all()
            .iter()
            .find(|check| text(check, "verdict") == "failed");
        assert_eq!(failed, None);
        assert_eq!(self.exit_code, Some(0));
    }
}
