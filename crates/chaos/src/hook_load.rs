//! Callers whose jobs have webhooks: many are cancelled before they are sent, which costs little
//! and makes an event each; some run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::caller::Request;
use crate::delivery_books::{Hooked, Told};
use crate::dice::Dice;
use crate::load::{Load, USERS};
use crate::receiver::Receivers;
use crate::reckoning::Patience;

const PATH: &str = "/api/v1/jobs";
/// Programs of each user that let jobs run, one after the other. Together they want more places
/// than there are: one of these jobs always waits, before all that are cancelled, and few of those
/// are ever started.
const WORKERS: usize = 3;
/// Programs of each user that cancel what they post.
const CANCELLERS: usize = 2;
const BETWEEN_CANCELS: (Duration, Duration) =
    (Duration::from_millis(10), Duration::from_millis(100));
/// So many of the cancelled jobs have the dead receiver.
const FOR_THE_DEAD: f64 = 0.05;
/// So many of those that run fail.
const FAIL: f64 = 0.1;
/// How long a job may wait for its program to start.
const UNTIL_IT_RUNS: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Jobs that are looked at together.
const AT_ONCE: usize = 16;

/// Those who start jobs with webhooks.
#[derive(Debug)]
pub(crate) struct HookLoad {
    pub(crate) load: Load,
    pub(crate) receivers: Receivers,
    /// Where jobs look for the word to end.
    folder: PathBuf,
    /// Events that are still to be made.
    left: AtomicU32,
    hooked: Mutex<Vec<Hooked>>,
}

impl HookLoad {
    pub(crate) fn new(load: Load, receivers: Receivers, folder: PathBuf, events: u32) -> Self {
        Self {
            load,
            receivers,
            folder,
            left: AtomicU32::new(events),
            hooked: Mutex::default(),
        }
    }

    /// Everybody works until there are so many events.
    pub(crate) fn start(self: &Arc<Self>, dice: &mut Dice) -> JoinSet<Outcome<()>> {
        let mut at_work = JoinSet::new();
        for caller in 0..USERS {
            for number in 0..WORKERS {
                let (load, dice) = (self.clone(), dice.fork());
                let name = format!("{caller}-{number}");
                at_work.spawn(async move { load.let_jobs_run(caller, name, dice).await });
            }
            for number in 0..CANCELLERS {
                let (load, dice) = (self.clone(), dice.fork());
                let name = format!("{caller}-c{number}");
                at_work.spawn(async move { load.cancel_jobs(caller, name, dice).await });
            }
        }
        at_work
    }

    pub(crate) fn hooked(&self) -> MutexGuard<'_, Vec<Hooked>> {
        self.hooked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether so many more events are wanted.
    fn wants(&self, events: u32) -> bool {
        let less = |left: u32| (left > 0).then(|| left.saturating_sub(events));
        let order = Ordering::Relaxed;
        self.left.fetch_update(order, order, less).is_ok()
    }

    async fn let_jobs_run(&self, caller: usize, name: String, mut dice: Dice) -> Outcome<()> {
        for count in 0.. {
            // It starts, and it ends.
            if !self.wants(2) {
                break;
            }
            let go = self.folder.join(format!("go-{name}-{count}"));
            let status = if dice.chance(FAIL) { "3" } else { "0" };
            let params = json!({"go": go, "status": status});
            let body = json!({
                "job_type": "heed", "params": params, "webhook_url": self.receivers.living(caller),
            });
            let key = format!("{name}-{count}");
            let Some(job) = self.post(caller, &body, &key, &mut dice).await else {
                continue;
            };
            let ran = self.wait_for_its_start(caller, &job, &mut dice).await;
            std::fs::write(go, "")?;
            self.hooked().push(Hooked {
                job,
                caller,
                ran,
                is_for_the_dead: false,
            });
        }
        Ok(())
    }

    /// Whether it was seen running.
    async fn wait_for_its_start(&self, caller: usize, job: &str, dice: &mut Dice) -> bool {
        let path = format!("{PATH}/{job}?wait=2s");
        let deadline = Instant::now() + UNTIL_IT_RUNS;
        while let Some(seen) = self.load.look(caller, &path, dice).await {
            match seen["status"].as_str() {
                Some("running") => return true,
                Some("queued") if Instant::now() < deadline => {}
                status => {
                    let words = format!("{job} was to run, and is {status:?}");
                    self.load.notebook.complain(words);
                    return false;
                }
            }
        }
        false
    }

    async fn cancel_jobs(&self, caller: usize, name: String, mut dice: Dice) -> Outcome<()> {
        for count in 0.. {
            let is_for_the_dead = dice.chance(FOR_THE_DEAD);
            if !self.wants(u32::from(!is_for_the_dead)) {
                break;
            }
            let url = if is_for_the_dead {
                self.receivers.dead(caller)
            } else {
                self.receivers.living(caller)
            };
            let body = json!({"job_type": "linger", "params": {}, "webhook_url": url});
            let key = format!("{name}-{count}");
            let Some(job) = self.post(caller, &body, &key, &mut dice).await else {
                continue;
            };
            let path = format!("{PATH}/{job}/cancel");
            let cancel = Request::post(&path);
            self.load.persist(caller, cancel, &mut dice).await;
            self.hooked().push(Hooked {
                job,
                caller,
                ran: false,
                is_for_the_dead,
            });
            let (least, most) = BETWEEN_CANCELS;
            sleep(dice.between(least, most)).await;
        }
        Ok(())
    }

    async fn post(
        &self,
        caller: usize,
        body: &Value,
        key: &str,
        dice: &mut Dice,
    ) -> Option<String> {
        let body = body.to_string();
        let request = Request::job(&body, key);
        let answer = self.load.persist(caller, request, dice).await?;
        self.load.notebook.pages().accepted += 1;
        Some(answer.text("job_id"))
    }

    /// What the API tells of every job, once nothing more will happen to those with the living
    /// receiver, or the patience for them is over.
    pub(crate) async fn wait_for_deliveries(
        &self,
        patience: Patience,
        dice: &mut Dice,
    ) -> BTreeMap<String, Told> {
        let begun = Instant::now();
        let (mut told, mut open) = (BTreeMap::new(), self.hooked().clone());
        let all = open.len();
        loop {
            for some in open.chunks(AT_ONCE) {
                let looks = some.iter().map(|hooked| self.told(hooked, dice.fork()));
                let seen = join_all(looks).await.into_iter().zip(some);
                told.extend(seen.filter_map(|(told, one)| Some((one.job.clone(), told?))));
            }
            open.retain(|one| {
                let told = told.get(&one.job);
                !one.is_for_the_dead && !told.is_some_and(Told::is_settled)
            });
            if patience.is_over(begun.elapsed(), open.len(), all) {
                return told;
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn told(&self, hooked: &Hooked, mut dice: Dice) -> Option<Told> {
        let (caller, job) = (hooked.caller, format!("{PATH}/{}", hooked.job));
        // In this order: what is delivered of an end is written with it.
        let seen = self.load.look(caller, &job, &mut dice).await?;
        let list = format!("{job}/webhook-deliveries");
        let list = self.load.look(caller, &list, &mut dice).await?;
        Some(Told::new(&seen, &list))
    }
}
