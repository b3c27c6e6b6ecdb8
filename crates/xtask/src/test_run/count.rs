//! How many tests ran, as the test runners themselves report it.

use std::ops::AddAssign;

use crate::failure::{Failure, Outcome};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TestCount {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// The tests that failed first and then passed, from nextest's JUnit report.
pub(super) fn passed_at_second_try(report: &str) -> Vec<String> {
    let cases = report.split("<testcase ").skip(1);
    let flaky = cases.filter(|case| case.contains("<flakyFailure"));
    let attribute = |case: &str, name: &str| {
        let (_, rest) = case.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    flaky
        .filter_map(|case| {
            let (binary, test) = (attribute(case, " classname")?, attribute(case, "name")?);
            Some(format!("{binary} {test}"))
        })
        .collect()
}

impl TestCount {
    /// From the attributes of the outermost element of nextest's JUnit report.
    pub(super) fn of_junit(report: &str) -> Outcome<Self> {
        let (_, rest) = report.split_once("<testsuites ").unwrap_or_default();
        let (attributes, _) = rest.split_once('>').unwrap_or_default();
        let number = |name: &str| {
            let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
            rest.split('"').next()?.parse::<usize>().ok()
        };
        let read = || {
            let failed = number("failures")? + number("errors")?;
            let skipped = number("skipped").unwrap_or(0);
            let passed = number("tests")?.checked_sub(failed + skipped)?;
            Some(Self {
                passed,
                failed,
                skipped,
            })
        };
        read().ok_or_else(|| Failure::because("nextest's JUnit report does not say how many ran"))
    }

    /// Counts a line such as
    /// `test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`.
    pub(super) fn add_line_of_cargo_test(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let number = |what: &str| {
            let words: Vec<&str> = result.split([' ', ';']).collect();
            let at = words.iter().position(|word| *word == what)?;
            words.get(at.checked_sub(1)?)?.parse::<usize>().ok()
        };
        self.passed += number("passed").unwrap_or(0);
        self.failed += number("failed").unwrap_or(0);
        self.skipped += number("ignored").unwrap_or(0);
    }

    /// One plain line that any reader of logs understands; nothing if no test ran.
    pub(super) fn in_words(self) -> Option<String> {
        if self == Self::default() {
            return None;
        }
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        Some(format!(
            "test: {} passed, {} failed{skipped}",
            self.passed, self.failed
        ))
    }
}

impl AddAssign for TestCount {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <testsuites name=\"nextest-run\" tests=\"7\" skipped=\"0\" failures=\"1\" errors=\"1\" \
        uuid=\"96ee\" time=\"0.080\">\n<testsuite name=\"m\" tests=\"2\" failures=\"1\">";

    #[test]
    fn a_junit_report_is_counted_once_by_its_outermost_element() {
        let count = TestCount::of_junit(REPORT).expect("well-formed");
        assert_eq!(
            count,
            TestCount {
                passed: 5,
                failed: 2,
                skipped: 0
            }
        );
    }

    #[test]
    fn a_report_without_numbers_is_refused_rather_than_taken_for_none() {
        assert!(TestCount::of_junit("<testsuites name=\"x\">").is_err());
        assert!(TestCount::of_junit("").is_err());
    }

    #[test]
    fn what_passed_at_the_second_try_only_is_named() {
        let report = "<testsuites tests=\"2\"><testsuite name=\"m\">\
            <testcase name=\"steady\" classname=\"c::m\" time=\"0.1\"/>\
            <testcase name=\"late\" classname=\"c::m\" time=\"0.2\">\
            <flakyFailure type=\"test failure\">…</flakyFailure></testcase>\
            </testsuite></testsuites>";
        assert_eq!(passed_at_second_try(report), ["c::m late"]);
    }

    #[test]
    fn results_of_several_crates_add_up() {
        let mut count = TestCount::default();
        for line in [
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test tests::result ... ok",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2s",
        ] {
            count.add_line_of_cargo_test(line);
        }
        assert_eq!(
            count,
            TestCount {
                passed: 6,
                failed: 1,
                skipped: 1
            }
        );
        assert_eq!(
            count.in_words().as_deref(),
            Some("test: 6 passed, 1 failed, 1 skipped")
        );
    }

    #[test]
    fn a_run_without_tests_claims_none() {
        assert_eq!(TestCount::default().in_words(), None);
    }
}
