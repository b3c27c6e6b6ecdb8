//! The progress bar on a terminal, and lines elsewhere.

use std::io::IsTerminal;

use batchway_client::types::{Job, JobStatus};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

/// Shows a job as it moves.
#[derive(Debug)]
pub(crate) struct ProgressDisplay {
    bar: Option<ProgressBar>,
    /// When progress was first seen, and how much: what went before can't be timed.
    first: Option<(Instant, u32)>,
    last_line: String,
}

impl ProgressDisplay {
    pub(crate) fn new() -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let style = ProgressStyle::with_template("  {bar:40.cyan/dim} {pos:>3}%  {msg}")
                .expect("the template is valid")
                .progress_chars("━╸─");
            ProgressBar::with_draw_target(Some(100), indicatif::ProgressDrawTarget::stdout())
                .with_style(style)
        });
        Self {
            bar,
            first: None,
            last_line: String::new(),
        }
    }

    pub(crate) fn show(&mut self, job: &Job) {
        let message = self.describe(job);
        match &self.bar {
            Some(bar) => {
                bar.set_position(job.progress.into());
                bar.set_message(message);
            }
            None => {
                let line = format!("  {:>3}%  {message}", job.progress);
                if line != self.last_line {
                    super::visit::say(&line);
                    self.last_line = line;
                }
            }
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
            super::visit::say("");
        }
    }

    fn describe(&mut self, job: &Job) -> String {
        let message = job.message.as_deref().unwrap_or_default();
        match job.status {
            JobStatus::Running => match self.seconds_left(job.progress) {
                Some(seconds) => format!("{message} · {seconds} s left"),
                None => message.to_owned(),
            },
            status => status.to_string(),
        }
    }

    fn seconds_left(&mut self, progress: u32) -> Option<u64> {
        let (began, before) = *self.first.get_or_insert_with(|| (Instant::now(), progress));
        let done = progress.checked_sub(before).filter(|done| *done > 0)?;
        Some(began.elapsed().as_secs() * u64::from(100 - progress) / u64::from(done))
    }
}
