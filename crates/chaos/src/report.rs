//! What a run comes to.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What happened in a run, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Processes ended by SIGKILL.
    pub kills: u64,
    /// What proxies did to connections.
    pub faults: u64,
    /// Jobs in the store.
    pub jobs: u64,
    /// Answers of 2xx to POST.
    pub accepted: u64,
    /// Programs that ran.
    pub runs: u64,
    /// Further jobs at AWS Batch for the same try, which were ended without a run.
    pub surplus: u64,
}

/// A run, and whether the promises were kept.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name on the command line.
    pub scene: &'static str,
    /// What it was given, to be repeated.
    pub command: String,
    /// See [`Figures`].
    pub figures: Figures,
    /// Of the whole run.
    pub time: Duration,
    /// A sentence for each promise that was broken, with ids and what each book says.
    pub discrepancies: Vec<String>,
    /// What else there is to say of it.
    pub remarks: Vec<String>,
    /// Where the logs of all processes are, if something is wrong.
    pub evidence: Option<PathBuf>,
}

impl Report {
    /// Whether all promises were kept.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.discrepancies.is_empty()
    }
}

/// The table of several runs, with what is wrong below it.
#[derive(Debug)]
pub struct Table<'a>(pub &'a [Report]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{:<12} {:>6} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8}  verdict",
            "scene", "kills", "faults", "jobs", "2xx", "runs", "surplus", "time"
        )?;
        for report in self.0 {
            let Figures {
                kills,
                faults,
                jobs,
                accepted,
                runs,
                surplus,
            } = report.figures;
            writeln!(
                formatter,
                "{:<12} {kills:>6} {faults:>7} {jobs:>7} {accepted:>7} {runs:>7} {surplus:>8} {:>6} s  {}",
                report.scene,
                report.time.as_secs(),
                if report.is_good() {
                    "kept".to_owned()
                } else {
                    format!("BROKEN ({})", report.discrepancies.len())
                }
            )?;
        }
        for report in self.0 {
            for remark in &report.remarks {
                writeln!(formatter, "\n{}: {remark}", report.scene)?;
            }
            if report.is_good() {
                continue;
            }
            writeln!(formatter, "\n{} broke promises:", report.scene)?;
            for discrepancy in &report.discrepancies {
                writeln!(formatter, "  * {discrepancy}")?;
            }
            if let Some(evidence) = &report.evidence {
                writeln!(formatter, "Logs: {}", evidence.display())?;
            }
            writeln!(formatter, "Again: {}", report.command)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(discrepancies: &[&str]) -> Report {
        Report {
            scene: "gateways",
            command: "just chaos gateways --kills 3 --seed 7".to_owned(),
            figures: Figures::default(),
            time: Duration::from_secs(61),
            discrepancies: discrepancies.iter().map(ToString::to_string).collect(),
            remarks: Vec::new(),
            evidence: None,
        }
    }

    #[test]
    fn a_broken_promise_is_told_with_the_command_that_repeats_the_run() {
        let good = Table(&[report(&[])]).to_string();
        assert!(good.contains("kept") && !good.contains("seed"), "{good}");
        let bad = Table(&[report(&["job_1 ran twice"])]).to_string();
        for words in ["BROKEN (1)", "job_1 ran twice", "--kills 3 --seed 7"] {
            assert!(bad.contains(words), "{bad}");
        }
    }
}
