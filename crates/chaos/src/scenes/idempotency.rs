//! Fifty clients, one key, three replicas, all at once: one job.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::caller::{Answer, Caller, Request};
use crate::dice::Dice;
use crate::killer::{Pace, Until, kill_gateways};
use crate::report::{Figures, Report};
use crate::stage::Stage;

/// Clients that send the same request at once.
const CLIENTS: usize = 50;
/// Those that send another one under the same key meanwhile.
const OTHERS: usize = 5;
/// How long a client goes on asking while its gateway is down.
const PATIENCE: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_millis(20);
const PATH: &str = "/api/v1/jobs";

/// How to race for keys.
#[derive(Clone, Copy, Debug)]
pub struct Idempotency {
    /// Keys that are raced for, one after the other.
    pub rounds: u32,
    /// Whether replicas are killed meanwhile.
    pub with_kills: bool,
    /// Decides the plan.
    pub seed: u64,
}

/// Which of two bodies a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    One,
    Other,
}

/// What one round is about.
struct Round {
    number: u32,
    key: String,
    /// The other body is sent from the start, and may win; otherwise it comes once the first
    /// client has its answer.
    is_open: bool,
}

impl Idempotency {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// Where the parts can't be set up.
    pub async fn run(self) -> Outcome<Report> {
        let start = Instant::now();
        let mut dice = Dice::seeded(self.seed);
        let stage = Arc::new(Stage::of_admissions(self.seed).await?);
        let caller = Caller::new(stage.replicas()[0].create_key("racer")?)?;

        let (over, is_over) = watch::channel(!self.with_kills);
        let until = Until::Over(is_over);
        let killer = kill_gateways(stage.clone(), Pace::SELDOM, dice.fork(), until);
        let killer = tokio::spawn(killer);
        let mut discrepancies = Vec::new();
        let mut accepted = 0;
        let mut jobs = BTreeSet::new();
        for number in 0..self.rounds {
            let round = Round {
                number,
                key: format!("race-{}-{number}", self.seed),
                is_open: dice.chance(0.5),
            };
            let answers = round.race(&stage, &caller, &mut dice).await;
            accepted += answers.iter().filter(|(_, a)| a.is_success()).count() as u64;
            match round.judge(&answers) {
                Ok(job) => drop(jobs.insert(job)),
                Err(words) => discrepancies.push(words),
            }
        }
        over.send_replace(true);
        let kills = killer.await??;
        let stored = all_jobs(&stage, &caller).await?;
        compare(&jobs, &stored, &mut discrepancies);
        discrepancies.extend(stage.crashes());
        Ok(Report {
            scene: "idempotency",
            command: self.command(),
            figures: Figures {
                kills,
                jobs: stored.len() as u64,
                accepted,
                ..Figures::default()
            },
            time: start.elapsed(),
            evidence: Stage::end(stage, !discrepancies.is_empty()),
            remarks: vec![format!(
                "{} keys, each raced for by {CLIENTS} clients with one body and {OTHERS} with another",
                self.rounds
            )],
            discrepancies,
        })
    }

    fn command(self) -> String {
        let kills = if self.with_kills { " --with-kills" } else { "" };
        let Self { rounds, seed, .. } = self;
        format!("just chaos idempotency --rounds {rounds} --seed {seed}{kills}")
    }
}

impl Round {
    async fn race(&self, stage: &Stage, caller: &Caller, dice: &mut Dice) -> Vec<(Body, Answer)> {
        let (won, has_won) = watch::channel(self.is_open);
        let clients = (0..CLIENTS + OTHERS).map(|client| {
            let body = if client < CLIENTS {
                Body::One
            } else {
                Body::Other
            };
            let (dice, won, mut has_won) = (dice.fork(), won.clone(), has_won.clone());
            async move {
                if body == Body::Other {
                    // It fails only if all who could win are gone.
                    let _ = has_won.wait_for(|won| *won).await;
                }
                let answer = self.ask(stage, caller, body, dice).await;
                won.send_replace(true);
                (body, answer)
            }
        });
        join_all(clients).await
    }

    /// Asks until there is an answer that is one, each time any replica.
    async fn ask(&self, stage: &Stage, caller: &Caller, body: Body, mut dice: Dice) -> Answer {
        let body = request_with(body);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let at = dice.pick(stage.replicas()).address();
            let result = caller.ask(at, &Request::job(&body, &self.key)).await;
            match result {
                Ok(answer) if !answer.is_refused_for_now() => return answer,
                Ok(answer) if Instant::now() > deadline => return answer,
                Err(error) if Instant::now() > deadline => {
                    return Answer {
                        status: 0,
                        location: None,
                        is_replay: false,
                        body: error.to_string(),
                    };
                }
                _ => sleep(REST).await,
            }
        }
    }

    /// The job that the key stands for, if everybody was told the same.
    fn judge(&self, answers: &[(Body, Answer)]) -> Result<String, String> {
        let wrong =
            |words: String| Err(format!("round {}, key {}: {words}", self.number, self.key));
        let winner = answers.iter().find(|(_, answer)| answer.is_success());
        let Some((winner, first)) = winner else {
            return wrong(format!("nobody was accepted: {:?}", answers.first()));
        };
        if !self.is_open && *winner == Body::Other {
            return wrong("a body won that was sent after another one was accepted".to_owned());
        }
        for (body, answer) in answers {
            if body == winner {
                let status = if answer.is_replay { 200 } else { 202 };
                let is_same = (&answer.body, &answer.location) == (&first.body, &first.location);
                if answer.status != status || !is_same {
                    return wrong(format!("one was told {first:?}, another {answer:?}"));
                }
            } else if answer.status != 422 || !answer.body.contains("idempotency-key-reused") {
                return wrong(format!("another body was answered {answer:?}"));
            }
        }
        let new = answers.iter().filter(|(_, answer)| answer.status == 202);
        // An answer may be lost with the gateway that gave it.
        if new.clone().count() > 1 {
            return wrong(format!(
                "more than one was told that it is new: {:?}",
                new.collect::<Vec<_>>()
            ));
        }
        Ok(first.text("job_id"))
    }
}

fn request_with(body: Body) -> String {
    let steps = match body {
        Body::One => 50_000,
        Body::Other => 50_001,
    };
    let config = json!({"num_particles": 100, "temperature": 300, "steps": steps});
    let params = json!({"simulation_config": {"mode": "open_chemistry", "config": config}});
    json!({"job_type": "run_simulation", "params": params}).to_string()
}

/// The ids of all jobs of a caller, page by page.
async fn all_jobs(stage: &Stage, caller: &Caller) -> Outcome<Vec<String>> {
    let at = stage.replicas()[0].address();
    let mut ids = Vec::new();
    let mut path = format!("{PATH}?limit=100");
    loop {
        let answer = caller.ask(at, &Request::get(&path)).await?;
        if answer.status != 200 {
            return Err(format!("a list of jobs was answered {answer:?}").into());
        }
        let page = answer.json();
        let jobs = page["jobs"].as_array().cloned().unwrap_or_default();
        ids.extend(
            jobs.iter()
                .filter_map(|job| job["job_id"].as_str().map(str::to_owned)),
        );
        match &page["next_cursor"] {
            Value::String(cursor) => path = format!("{PATH}?limit=100&cursor={cursor}"),
            _ => return Ok(ids),
        }
    }
}

fn compare(told: &BTreeSet<String>, stored: &[String], discrepancies: &mut Vec<String>) {
    let listed: BTreeSet<String> = stored.iter().cloned().collect();
    if listed.len() != stored.len() {
        discrepancies.push("a list names a job twice".to_owned());
    }
    for job in told.difference(&listed) {
        discrepancies.push(format!("{job} was accepted, and is in no list"));
    }
    for job in listed.difference(told) {
        discrepancies.push(format!("{job} is in the store, and nobody was told of it"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Answer {
        Answer {
            status,
            location: None,
            is_replay: status == 200,
            body: body.to_owned(),
        }
    }

    fn judged(is_open: bool, answers: &[(Body, Answer)]) -> Result<String, String> {
        let round = Round {
            number: 1,
            key: "k".to_owned(),
            is_open,
        };
        round.judge(answers)
    }

    const JOB: &str = r#"{"job_id":"job_1"}"#;
    const REUSED: &str = r#"{"type":"/problems/idempotency-key-reused"}"#;

    #[test]
    fn one_job_and_the_same_words_for_all_is_what_is_promised() {
        let answers = [
            (Body::One, told(200, JOB)),
            (Body::One, told(202, JOB)),
            (Body::Other, told(422, REUSED)),
        ];
        assert_eq!(judged(false, &answers), Ok("job_1".to_owned()));
    }

    #[test]
    fn a_second_job_is_noticed() {
        let other = r#"{"job_id":"job_2"}"#;
        for second in [told(200, other), told(202, other), told(202, JOB)] {
            let answers = [(Body::One, told(202, JOB)), (Body::One, second)];
            assert!(judged(true, &answers).is_err(), "{answers:?}");
        }
    }

    #[test]
    fn another_body_must_be_refused_for_its_key() {
        for other in [told(200, JOB), told(422, "no"), told(409, REUSED)] {
            let answers = [(Body::One, told(202, JOB)), (Body::Other, other)];
            assert!(judged(true, &answers).is_err(), "{answers:?}");
        }
        let late_winner = [
            (Body::Other, told(202, JOB)),
            (Body::One, told(422, REUSED)),
        ];
        assert!(judged(true, &late_winner).is_ok());
        assert!(judged(false, &late_winner).is_err());
    }

    #[test]
    fn the_store_must_hold_what_was_told_and_nothing_else() {
        let told = BTreeSet::from(["job_1".to_owned(), "job_2".to_owned()]);
        let of = |stored: &[&str]| {
            let mut found = Vec::new();
            let stored: Vec<String> = stored.iter().map(ToString::to_string).collect();
            compare(&told, &stored, &mut found);
            found.len()
        };
        assert_eq!(of(&["job_2", "job_1"]), 0);
        assert_eq!(of(&["job_1"]), 1);
        assert_eq!(of(&["job_1", "job_2", "job_3"]), 1);
        assert_eq!(of(&["job_1", "job_2", "job_2"]), 1);
    }
}
