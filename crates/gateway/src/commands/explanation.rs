//! `batchway doctor --job`.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use batchway_application::RequestError;
use batchway_domain::Timestamp;
use batchway_domain::diagnosis::{Explanation, LastLines, Mend, Reach};
use batchway_domain::job::{Attempt, Failure as JobFailure};
use batchway_domain::ports::{Capacity, Clock};

use crate::configuration::{Configuration, StoreChoice};
use crate::data_folder::DataFolder;
use crate::failure::{Failure, with_causes};
use crate::system_clock::SystemClock;
use crate::wiring::{self, Patience};

/// Prints why a job waits or failed, whoever's it is.
pub(super) async fn run(
    configuration: Configuration,
    job: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let explanation = explain(&configuration, job).await?;
    if as_json {
        let object = batchway_http_api::encode_explanation(explanation);
        let object: serde_json::Value = serde_json::from_slice(&object).map_err(Failure::failed)?;
        print(&serde_json::to_string_pretty(&object).map_err(Failure::failed)?);
    } else {
        print(&text(&explanation, SystemClock.now()));
    }
    Ok(())
}

async fn explain(configuration: &Configuration, job: &str) -> Result<Explanation, Failure> {
    let database = configuration.data_folder.join("batchway.sqlite3");
    if configuration.adapters.store == StoreChoice::Sqlite && !database.exists() {
        // To look for it would make one.
        return Err(Failure::failed(format!(
            "there is no job {job}: no gateway has kept any in {}. Start the doctor where the \
             gateway starts, with the same BATCHWAY_DATA_DIR",
            configuration.data_folder.display()
        )));
    }
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
    let (address, clock) = (configuration.listen, Arc::new(SystemClock));
    let gateway = wiring::wire_at(configuration, &folder, address, clock, Patience::None).await?;
    let explained = gateway.application.explain_any_job(job).await;
    explained.map_err(|error| match error {
        RequestError::JobNotFound { .. } => Failure::failed(format!(
            "there is no job {job} in this store: its id is another, it was removed after its \
             time, or it is of another gateway"
        )),
        error => Failure::failed(with_causes(&error)),
    })
}

/// What is the matter first, what helps last, beside the prompt.
fn text(explanation: &Explanation, now: Timestamp) -> String {
    let job = &explanation.job;
    let mut text = String::new();
    let mut lines = Lines {
        text: &mut text,
        now,
    };
    lines.plain(format_args!(
        "{} ({} on {}): {}, since {}",
        job.job_id,
        job.job_type,
        job.backend,
        explanation.phase.as_str(),
        lines.moment(explanation.since)
    ));
    lines.plain(format_args!(
        "\n{}: {}",
        explanation.cause, explanation.summary
    ));
    lines.plain(format_args!("\nevidence"));
    lines.evidence(explanation);
    lines.log(&explanation.surroundings.last_lines);
    lines.mends(&explanation.mends);
    text
}

/// A text that grows line by line.
struct Lines<'a> {
    text: &'a mut String,
    now: Timestamp,
}

impl Lines<'_> {
    /// Words of programs and backends may hold what a terminal would obey.
    fn plain(&mut self, line: fmt::Arguments<'_>) {
        let clean = |c: char| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        };
        self.text.extend(line.to_string().chars().map(clean));
        self.text.push('\n');
    }

    fn fact(&mut self, name: &str, value: impl fmt::Display) {
        self.plain(format_args!("  {name:<18}{value}"));
    }

    fn fact_if(&mut self, name: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.fact(name, value);
        }
    }

    /// A point in time and how far off it is.
    fn moment(&self, at: Timestamp) -> String {
        let seconds = |span: Duration| Duration::from_secs(span.as_secs());
        let (past, future) = (seconds(self.now.since(at)), seconds(at.since(self.now)));
        if future > Duration::ZERO {
            format!("{at} (in {})", humantime::format_duration(future))
        } else {
            format!("{at} ({} ago)", humantime::format_duration(past))
        }
    }

    fn moment_if(&mut self, name: &str, at: Option<Timestamp>) {
        let moment = at.map(|at| self.moment(at));
        self.fact_if(name, moment);
    }

    fn evidence(&mut self, explanation: &Explanation) {
        let Explanation {
            job, surroundings, ..
        } = explanation;
        self.fact("accepted", self.moment(job.created_at));
        self.fact_if("backend's id", job.backend_id.as_ref());
        let waiting = job.waiting.as_ref();
        self.fact_if(
            "waits for",
            waiting.map(|reason| format!("{}: {}", reason.code, reason.message)),
        );
        self.fact_if("failure", job.failure.as_ref().map(words_for));
        for (number, attempt) in (job.earlier_attempts + 1..).zip(&job.attempts) {
            let told = self.words_for_attempt(attempt);
            self.fact(&format!("attempt {number}"), told);
        }
        self.moment_if("cancel asked for", job.cancel_requested_at);
        self.moment_if("backend asked", job.last_checked_at);
        self.moment_if("backend silent", job.backend_unreachable_since);
        self.moment_if("sign of life", job.heartbeat_at);
        if surroundings.reach == Reach::Elsewhere {
            self.fact("reach", "its backend can't be asked about it from here");
        }
        if let Some(Capacity::Slots(free)) = surroundings.room {
            self.fact("free slots", free);
        }
        for obstacle in &surroundings.obstacles.found {
            self.fact("in the way", &obstacle.message);
        }
        let unseen = surroundings.obstacles.unseen.as_ref();
        self.fact_if("not looked at", unseen.map(|unseen| &unseen.reason));
        self.moment_if("next step", explanation.next_step_at);
        self.moment_if("given up", explanation.gives_up_at);
    }

    fn words_for_attempt(&self, attempt: &Attempt) -> String {
        let mut words = match attempt.started_at {
            Some(at) => format!("started {}", self.moment(at)),
            None => "never started".to_owned(),
        };
        if let (Some(from), Some(to)) = (attempt.started_at, attempt.stopped_at) {
            let lasted = humantime::format_duration(to.since(from)).to_string();
            words = format!("{words}, ran {lasted}");
        }
        match &attempt.failure {
            Some(failure) => format!("{words}: {}", words_for(failure)),
            None => words,
        }
    }

    fn log(&mut self, end: &LastLines) {
        match end.attempt {
            Some(number) => self.plain(format_args!("\nthe end of the log of attempt {number}")),
            None => self.plain(format_args!("\nlog")),
        }
        for line in &end.lines {
            match line.at {
                Some(at) => self.plain(format_args!("  {at}  {}", line.text)),
                None => self.plain(format_args!("  {}", line.text)),
            }
        }
        if let Some(reason) = &end.reason {
            self.plain(format_args!("  {reason}"));
        }
    }

    fn mends(&mut self, mends: &[Mend]) {
        if mends.is_empty() {
            return;
        }
        self.plain(format_args!("\nwhat helps"));
        for mend in mends {
            let by = format!("[{}]", mend.by.as_str());
            self.plain(format_args!("  {by:<11}{}", mend.advice));
            if let Some(command) = &mend.command {
                self.plain(format_args!("             $ {command}"));
            }
        }
    }
}

/// A failure with all that shows it.
fn words_for(failure: &JobFailure) -> String {
    let mut words = format!("{}: {}", failure.class.as_str(), failure.message);
    let mut add = |fact: String| {
        write!(words, " [{fact}]").expect("a String takes all that is written to it");
    };
    if let Some(code) = failure.exit_code {
        add(format!("exit code {code}"));
    }
    if let Some(signal) = failure.signal {
        add(format!("signal {signal}"));
    }
    if let Some(reason) = &failure.backend_reason {
        add(format!("backend: {reason}"));
    }
    words
}

#[expect(
    clippy::print_stdout,
    reason = "the explanation is what the command is asked to print"
)]
fn print(text: &str) {
    println!("{}", text.trim_end());
}
