//! Callers at work: some post jobs, some cancel them, some only look.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Outcome;
use crate::caller::{Answer, Caller, Request};
use crate::dice::Dice;
use crate::notebook::{Notebook, Order, Wish};
use crate::reckoning::Patience;
use crate::stage::Stage;

pub(crate) const USERS: usize = 4;
/// Programs of users that post and cancel, one thing after the other.
const POSTERS: usize = 8;
const LOOKERS: usize = 2;
/// How long a caller asks for one thing. Everything may be down for a while, but not for long.
const PATIENCE: Duration = Duration::from_secs(120);
const REST: Duration = Duration::from_millis(50);
/// Some ten jobs a second together, which is what the processes of two cores can take.
pub(crate) const BUSY: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_millis(1500));
/// One or two, as containers take longer.
pub(crate) const CALM: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(8));
const PATH: &str = "/api/v1/jobs";

/// Everybody who makes requests.
#[derive(Debug)]
pub(crate) struct Load {
    stage: Arc<Stage>,
    callers: Vec<Caller>,
    /// Between two jobs of a program.
    pause: (Duration, Duration),
    pub(crate) notebook: Notebook,
}

impl Load {
    /// `pause`: how long each of several programs waits from one job to the next.
    pub(crate) fn new(stage: Arc<Stage>, pause: (Duration, Duration)) -> Outcome<Self> {
        let callers = (0..USERS)
            .map(|number| Caller::new(stage.replicas()[0].create_key(&name_of(number))?))
            .collect::<Outcome<_>>()?;
        Ok(Self {
            stage,
            callers,
            pause,
            notebook: Notebook::default(),
        })
    }

    /// Everybody works until it is over, and brings to an end what was begun.
    pub(crate) fn start(
        self: &Arc<Self>,
        dice: &mut Dice,
        over: &watch::Receiver<bool>,
    ) -> JoinSet<Outcome<()>> {
        let mut at_work = JoinSet::new();
        for number in 0..POSTERS {
            let (load, dice, over) = (self.clone(), dice.fork(), over.clone());
            at_work.spawn(async move { load.post_jobs(number, dice, over).await });
        }
        for number in 0..LOOKERS {
            let (load, dice, over) = (self.clone(), dice.fork(), over.clone());
            at_work.spawn(async move { load.look_around(number, dice, over).await });
        }
        at_work
    }

    async fn post_jobs(
        &self,
        number: usize,
        mut dice: Dice,
        mut over: watch::Receiver<bool>,
    ) -> Outcome<()> {
        let (least, most) = self.pause;
        for count in 0.. {
            if is_over_after(dice.between(least, most), &mut over).await {
                break;
            }
            let nonce = format!("n{number}-{count}-{}", dice.below(1_000_000));
            self.one_job(number % USERS, nonce, &mut dice).await?;
        }
        Ok(())
    }

    async fn one_job(&self, caller: usize, nonce: String, dice: &mut Dice) -> Outcome<()> {
        let wish = match dice.below(20) {
            0..13 => Wish::Result,
            13..16 => Wish::CancelPerhaps,
            _ => Wish::CancelSurely,
        };
        let key = format!("key-{nonce}");
        let body = match wish {
            Wish::CancelSurely => json!({"job_type": "linger", "params": {"nonce": nonce}}),
            Wish::Result | Wish::CancelPerhaps => {
                let seconds = format!("0.{}", dice.below(8));
                let params = json!({"nonce": nonce, "seconds": seconds});
                json!({"job_type": "work", "params": params})
            }
        };
        let body = body.to_string();
        let Some(first) = self.post(caller, &body, &key, dice).await else {
            return Ok(());
        };
        let job = first.text("job_id");
        self.notebook.pages().orders.push(Order {
            job: job.clone(),
            caller,
            idempotency_key: key.clone(),
            nonce,
            wish,
        });
        if dice.chance(0.2)
            && let Some(again) = self.post(caller, &body, &key, dice).await
            && (again.status, &again.body) != (200, &first.body)
        {
            self.notebook.complain(format!(
                "{key} was answered {} and later {} {}",
                first.body, again.status, again.body
            ));
        }
        if wish != Wish::Result {
            sleep(dice.between(Duration::ZERO, Duration::from_millis(2500))).await;
            self.cancel(caller, &job, dice).await?;
        }
        Ok(())
    }

    async fn post(&self, caller: usize, body: &str, key: &str, dice: &mut Dice) -> Option<Answer> {
        let answer = self.persist(caller, Request::job(body, key), dice).await?;
        self.notebook.pages().accepted += 1;
        Some(answer)
    }

    async fn cancel(&self, caller: usize, job: &str, dice: &mut Dice) -> Outcome<()> {
        let path = format!("{PATH}/{job}/cancel");
        let answer = self.persist(caller, Request::post(&path), dice).await;
        match answer {
            Some(answer) => self.note(&answer.json()),
            None => Ok(()),
        }
    }

    async fn look_around(
        &self,
        number: usize,
        mut dice: Dice,
        mut over: watch::Receiver<bool>,
    ) -> Outcome<()> {
        let caller = number % USERS;
        let (least, most) = (Duration::from_millis(20), Duration::from_millis(300));
        while !is_over_after(dice.between(least, most), &mut over).await {
            let known: Vec<String> = self.jobs_of(caller);
            if known.is_empty() || dice.chance(0.3) {
                let path = format!("{PATH}?limit={}", 1 + dice.below(100));
                if let Some(list) = self.look(caller, &path, &mut dice).await {
                    for job in list["jobs"].as_array().into_iter().flatten() {
                        self.note(job)?;
                    }
                }
            } else {
                let path = format!("{PATH}/{}", dice.pick(&known));
                if let Some(job) = self.look(caller, &path, &mut dice).await {
                    self.note(&job)?;
                }
            }
        }
        Ok(())
    }

    fn jobs_of(&self, caller: usize) -> Vec<String> {
        let pages = self.notebook.pages();
        let orders = pages.orders.iter().filter(|order| order.caller == caller);
        orders.map(|order| order.job.clone()).collect()
    }

    /// What a GET is answered, asked for until it is. What was accepted is there.
    pub(crate) async fn look(&self, caller: usize, path: &str, dice: &mut Dice) -> Option<Value> {
        let answer = self.persist(caller, Request::get(path), dice).await;
        answer.map(|answer| answer.json())
    }

    /// Asks any replica, again and again, until there is an answer of 2xx. Complains where there
    /// is another one than to come again.
    pub(crate) async fn persist(
        &self,
        caller: usize,
        request: Request<'_>,
        dice: &mut Dice,
    ) -> Option<Answer> {
        let wrong = |words: String| self.notebook.complain(format!("{request:?} {words}"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let at = dice.pick(self.stage.replicas()).address();
            let last = match self.callers[caller].ask(at, &request).await {
                Ok(answer) if answer.is_success() => return Some(answer),
                Ok(answer) if answer.is_refused_for_now() => answer.body,
                Ok(answer) => {
                    let Answer { status, body, .. } = answer;
                    wrong(format!("was answered {status} {body}"));
                    return None;
                }
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                let patience = PATIENCE.as_secs();
                wrong(format!(
                    "was not answered within {patience} s; last: {last}"
                ));
                return None;
            }
            sleep(REST).await;
        }
    }

    /// Takes note of a job as a caller sees it. What is cancelled must have stopped by now.
    pub(crate) fn note(&self, job: &Value) -> Outcome<()> {
        let text = |field: &str| job[field].as_str().unwrap_or_default();
        let (id, status) = (text("job_id"), text("status"));
        self.notebook.note_status(id, status);
        if status == "cancelled" {
            for work in self.stage.at_work_for(id)? {
                let words = format!("{id} was said to be cancelled, and {work} goes on");
                self.notebook.complain(words);
            }
        }
        Ok(())
    }

    /// Looks at every job until it has ended, for so long.
    pub(crate) async fn wait_for_ends(&self, patience: Patience, dice: &mut Dice) -> Outcome<()> {
        let begun = Instant::now();
        loop {
            let open = self.open_orders();
            let all = self.notebook.pages().orders.len();
            if patience.is_over(begun.elapsed(), open.len(), all) {
                return Ok(());
            }
            for (caller, job) in open {
                if let Some(job) = self.look(caller, &format!("{PATH}/{job}"), dice).await {
                    self.note(&job)?;
                }
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    fn open_orders(&self) -> Vec<(usize, String)> {
        let pages = self.notebook.pages();
        pages
            .orders
            .iter()
            .filter(|order| !pages.ends.contains_key(&order.job))
            .map(|order| (order.caller, order.job.clone()))
            .collect()
    }

    /// All jobs of all users, with the number of the caller, as their lists show them.
    pub(crate) async fn stored(&self, dice: &mut Dice) -> Vec<(usize, Value)> {
        let mut all = Vec::new();
        for caller in 0..USERS {
            let mut path = format!("{PATH}?limit=100");
            while let Some(page) = self.look(caller, &path, dice).await {
                let jobs = page["jobs"].as_array().cloned().unwrap_or_default();
                all.extend(jobs.into_iter().map(|job| (caller, job)));
                match &page["next_cursor"] {
                    Value::String(cursor) => path = format!("{PATH}?limit=100&cursor={cursor}"),
                    _ => break,
                }
            }
        }
        all
    }
}

/// The user behind a caller's number.
pub(crate) fn name_of(caller: usize) -> String {
    format!("user{}", caller + 1)
}

async fn is_over_after(span: Duration, over: &mut watch::Receiver<bool>) -> bool {
    timeout(span, over.wait_for(|over| *over)).await.is_ok()
}
