//! Doing it step by step: each with its time and its verdict, all within one limit, until someone
//! interrupts it.

use std::time::Duration;

use batchway_client::Client;
use indicatif::ProgressBar;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::evidence::Evidence;
use super::report::{Audience, Report, Step, Verdict};
use super::trouble::Trouble;

/// Between two pictures of what turns while a step takes its time.
const TICK: Duration = Duration::from_millis(120);

/// What a step says and hands on.
pub(super) struct Seen<T> {
    pub(super) words: String,
    pub(super) value: T,
}

impl<T> Seen<T> {
    pub(super) fn new(words: impl Into<String>, value: T) -> Self {
        Self {
            words: words.into(),
            value,
        }
    }
}

/// A step before it is done.
pub(super) struct About<'a> {
    id: &'static str,
    job: Option<&'a str>,
}

impl<'a> About<'a> {
    pub(super) const fn step(id: &'static str) -> Self {
        Self { id, job: None }
    }

    /// The job to look at if the step fails.
    pub(super) fn job(self, job: Option<&'a String>) -> Self {
        Self {
            job: job.map(String::as_str),
            ..self
        }
    }
}

/// The steps as they go.
#[derive(Debug)]
pub(super) struct Course {
    audience: Audience,
    began: Instant,
    limit: Duration,
    leaving: CancellationToken,
    /// Asks about jobs, once there is a key.
    client: Option<Client>,
    /// What turns on a terminal. Shows nothing elsewhere.
    spinner: ProgressBar,
    steps: Vec<Step>,
    /// Out of time, or interrupted: nothing more is begun.
    is_over: bool,
}

impl Course {
    pub(super) fn new(audience: Audience, limit: Duration, leaving: CancellationToken) -> Self {
        Self {
            audience,
            began: Instant::now(),
            limit,
            leaving,
            client: None,
            spinner: spinner_for(audience),
            steps: Vec::new(),
            is_over: false,
        }
    }

    /// Says what is about to be done.
    pub(super) fn announce(&self, url: &str) {
        let limit = humantime::format_duration(self.limit);
        self.tell(&format!(
            "A small simulation at {url}, for at most {limit}. Ctrl-C ends it and cleans up.\n"
        ));
    }

    /// What turns on a terminal, for what there is to tell meanwhile.
    pub(super) fn spinner(&self) -> ProgressBar {
        self.spinner.clone()
    }

    /// From now on jobs can be asked about.
    pub(super) fn asks_with(&mut self, client: Option<&Client>) {
        self.client = client.cloned();
    }

    /// Does a step with what it needs of the steps before; without that it is skipped.
    pub(super) async fn step<I, T>(
        &mut self,
        about: About<'_>,
        needed: Option<I>,
        work: impl AsyncFnOnce(I) -> Result<Seen<T>, Trouble>,
    ) -> Option<T> {
        let Some(needed) = needed.filter(|_| !self.is_over) else {
            self.skip(about.id);
            return None;
        };
        self.spinner.set_message(about.id);
        let began = Instant::now();
        let done = tokio::select! {
            biased;
            () = self.leaving.cancelled() => {
                self.is_over = true;
                Err(Trouble::interrupted())
            }
            done = timeout_at(self.began + self.limit, work(needed)) => done
                .unwrap_or_else(|_| {
                    self.is_over = true;
                    let limit = humantime::format_duration(self.limit).to_string();
                    Err(Trouble::out_of_time(&limit, about.job))
                }),
        };
        self.record(about, began, done).await
    }

    /// Does what has to be done whatever happened. It limits itself.
    pub(super) async fn at_last(
        &mut self,
        id: &'static str,
        work: impl Future<Output = Result<Seen<()>, Trouble>>,
    ) {
        self.spinner.set_message(id);
        let began = Instant::now();
        let done = work.await;
        self.record(About::step(id), began, done).await;
    }

    /// All that was done.
    pub(super) fn end(self, url: &str) -> Report {
        self.spinner.finish_and_clear();
        Report::new(url, self.began.elapsed(), self.steps)
    }

    async fn record<T>(
        &mut self,
        about: About<'_>,
        began: Instant,
        done: Result<Seen<T>, Trouble>,
    ) -> Option<T> {
        let took = began.elapsed();
        let (step, value) = match done {
            Ok(seen) => (Step::passed(about.id, took, seen.words), Some(seen.value)),
            Err(trouble) => {
                let evidence = match about.job {
                    Some(job) => Some(Evidence::of(job, self.client.as_ref()).await),
                    None => None,
                };
                (Step::failed(about.id, took, trouble, evidence), None)
            }
        };
        self.add(step);
        value
    }

    fn skip(&mut self, id: &'static str) {
        let last = self.steps.iter().rev();
        let failed = last
            .into_iter()
            .find(|step| step.verdict == Verdict::Failed);
        let reason = match failed {
            Some(step) => format!("{} failed", step.id),
            None => "not needed".to_owned(),
        };
        self.add(Step::skipped(id, reason));
    }

    fn add(&mut self, step: Step) {
        self.tell(&step.to_string());
        self.steps.push(step);
    }

    #[expect(
        clippy::print_stdout,
        reason = "what was seen is what the subcommand is for"
    )]
    fn tell(&self, line: &str) {
        if self.audience == Audience::Person {
            self.spinner.suspend(|| println!("{line}"));
        }
    }
}

fn spinner_for(audience: Audience) -> ProgressBar {
    match audience {
        Audience::Person => {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(TICK);
            spinner
        }
        Audience::Program => ProgressBar::hidden(),
    }
}
