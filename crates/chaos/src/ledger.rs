//! What ran, written by the programs themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// A file to which every program of a run appends: `started JOB TRY BACKEND-ID PID BEGAN`, and
/// `ended …` or `stopped …` when it comes so far. A line is written by one call, so that lines of
/// several programs never mix.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(PathBuf);

/// One program that ran, or runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) job: String,
    pub(crate) try_number: u32,
    pub(crate) backend_id: String,
    pub(crate) process: Process,
    /// It came to its end by itself, and left its results.
    pub(crate) has_ended: bool,
}

/// A process of this machine: its number, and when it began, in ticks since the start of the
/// machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) began: u64,
}

impl Process {
    pub(crate) fn is_alive(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // The name before it stands in parentheses and may contain anything.
        let Some((_, fields)) = stat.rsplit_once(") ") else {
            return false;
        };
        let mut fields = fields.split(' ');
        let state = fields.next();
        // The third field of all is the first of these, the 22nd the 20th.
        let began = fields.nth(18).and_then(|began| began.parse().ok());
        began == Some(self.began) && !matches!(state, Some("Z" | "X"))
    }
}

impl Ledger {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("ledger"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// All runs so far.
    pub(crate) fn runs(&self) -> Outcome<Vec<Run>> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => read(&text),
            // Nobody has written yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The runs of a job that go on now.
    pub(crate) fn alive(&self, job: &str) -> Outcome<Vec<Run>> {
        let mut runs = self.runs()?;
        runs.retain(|run| run.job == job && run.process.is_alive());
        Ok(runs)
    }
}

fn read(text: &str) -> Outcome<Vec<Run>> {
    let mut runs: BTreeMap<(String, Process), Run> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, job, try_number, backend_id, pid, began] = words[..] else {
            return Err(format!("the ledger has a line that is none: {line:?}").into());
        };
        let process = Process {
            pid: pid.parse()?,
            began: began.parse()?,
        };
        let run = Run {
            job: job.to_owned(),
            try_number: try_number.parse()?,
            backend_id: backend_id.to_owned(),
            process: process.clone(),
            has_ended: false,
        };
        let run = runs.entry((job.to_owned(), process)).or_insert(run);
        run.has_ended |= what == "ended";
    }
    Ok(runs.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_tells_at_several_times_is_one_run() {
        let runs = read("started j 1 b 10 5\nstarted j 1 c 11 6\nended j 1 b 10 5\n").unwrap();
        assert_eq!(runs.len(), 2);
        let ended: Vec<_> = runs.iter().filter(|run| run.has_ended).collect();
        assert_eq!(ended.len(), 1);
        assert_eq!(ended[0].backend_id, "b");
        assert!(read("started j 1\n").is_err());
    }

    #[test]
    fn a_process_is_alive_until_it_ends_and_its_number_alone_says_nothing() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = child.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let began = stat.split(' ').nth(21).unwrap().parse().unwrap();
        let process = Process { pid, began };
        assert!(process.is_alive());
        let other = Process {
            began: began + 1,
            ..process.clone()
        };
        assert!(!other.is_alive());
        child.kill().unwrap();
        assert!(!process.is_alive() || child.try_wait().unwrap().is_none());
        child.wait().unwrap();
        assert!(!process.is_alive());
    }
}
