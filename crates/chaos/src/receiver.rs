//! Who is sent the webhooks of a run. One receiver lives, and fails at three requests of ten. One
//! is dead: it takes connections and never answers. A canary must never be touched.

mod request;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::dice::Dice;
use crate::stage::on_this_machine;
use request::Request;

/// So often, the living receiver does not take what it is sent.
const FAILS: f64 = 0.3;
/// What it asks for with some of its refusals.
const COME_AGAIN: Duration = Duration::from_secs(1);
/// A gateway waits for 15 seconds.
const TOO_LATE: Duration = Duration::from_secs(17);
/// So many connections at once are looked after.
const MOST_CONNECTIONS: usize = 1024;

/// What the living receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Takes,
    Breaks,
    RefusesForNow,
    HangsUp,
    SendsElsewhere,
    IsLate,
}

impl Mood {
    fn of(dice: &mut Dice) -> Self {
        if !dice.chance(FAILS) {
            return Self::Takes;
        }
        match dice.below(100) {
            0..30 => Self::Breaks,
            30..60 => Self::RefusesForNow,
            60..84 => Self::HangsUp,
            84..98 => Self::SendsElsewhere,
            _ => Self::IsLate,
        }
    }
}

/// What the living receiver knows of an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrival {
    pub(crate) job: String,
    /// Such as `job.completed`.
    pub(crate) kind: String,
    /// When it happened, as it says itself.
    pub(crate) at: String,
    /// From then to the first request.
    pub(crate) first_after: Duration,
    /// How often it was answered with 2xx.
    pub(crate) taken: u32,
    /// It asked for that.
    pub(crate) not_before: Option<Instant>,
}

/// All that came to the living receiver.
#[derive(Debug, Default)]
pub(crate) struct Register {
    /// By `webhook-id`.
    pub(crate) arrivals: BTreeMap<String, Arrival>,
    pub(crate) requests: u64,
    /// Those of them that were not taken.
    pub(crate) failures: u64,
    /// What no gateway may do, in a sentence each.
    pub(crate) broken: Vec<String>,
}

/// Both receivers and the canary, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Receivers {
    living: SocketAddr,
    dead: SocketAddr,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    register: Mutex<Register>,
    canary: SocketAddr,
    touches: AtomicU64,
    knocks_of_the_dead: AtomicU64,
    /// It says that it took what it loses.
    is_forgetful: bool,
}

/// What a user's events are checked with, in the order of the users.
type Secrets = Arc<Vec<Webhook>>;

impl Receivers {
    /// `secrets`: of the users, by whose numbers hooks are told apart.
    pub(crate) async fn start(
        secrets: &[String],
        dice: &mut Dice,
        is_forgetful: bool,
    ) -> Outcome<Self> {
        let secrets = secrets.iter().map(|secret| Webhook::new(secret));
        let secrets: Secrets = Arc::new(secrets.collect::<Result<_, _>>()?);
        let [living, dead, canary] = [listen().await?, listen().await?, listen().await?];
        let shared = Arc::new(Shared {
            register: Mutex::default(),
            canary: canary.local_addr()?,
            touches: AtomicU64::new(0),
            knocks_of_the_dead: AtomicU64::new(0),
            is_forgetful,
        });
        let receivers = Self {
            living: living.local_addr()?,
            dead: dead.local_addr()?,
            shared: shared.clone(),
            _serving: JoinSet::new(),
        };
        let mut serving = JoinSet::new();
        let (book, mut dice) = (shared.clone(), dice.fork());
        serving.spawn(serve(living, move |connection| {
            let (book, secrets, dice) = (book.clone(), secrets.clone(), dice.fork());
            async move { book.take(connection, &secrets, dice).await }
        }));
        let book = shared.clone();
        serving.spawn(serve(dead, move |connection| {
            book.knocks_of_the_dead.fetch_add(1, Ordering::Relaxed);
            never_answer(connection)
        }));
        serving.spawn(serve(canary, move |connection| {
            shared.touches.fetch_add(1, Ordering::Relaxed);
            never_answer(connection)
        }));
        Ok(Self {
            _serving: serving,
            ..receivers
        })
    }

    /// Where the living receiver is told of a user's jobs.
    pub(crate) fn living(&self, user: usize) -> String {
        format!("http://{}/{user}", self.living)
    }

    /// Where nobody answers.
    pub(crate) fn dead(&self, user: usize) -> String {
        format!("http://{}/{user}", self.dead)
    }

    /// How often the dead receiver was tried.
    pub(crate) fn knocks_of_the_dead(&self) -> u64 {
        self.shared.knocks_of_the_dead.load(Ordering::Relaxed)
    }

    /// How often anybody went where the living receiver redirected to.
    pub(crate) fn touches_of_the_canary(&self) -> u64 {
        self.shared.touches.load(Ordering::Relaxed)
    }

    pub(crate) fn register(&self) -> MutexGuard<'_, Register> {
        self.shared.register()
    }
}

impl Shared {
    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a request, writes it down, and does what its mood says.
    async fn take(
        &self,
        mut connection: TcpStream,
        secrets: &[Webhook],
        mut dice: Dice,
    ) -> io::Result<()> {
        let request = Request::read(&mut connection).await?;
        let mood = Mood::of(&mut dice);
        self.register()
            .note(&request, mood, secrets, self.is_forgetful);
        let answer = match mood {
            Mood::Takes => "204 No Content\r\n".to_owned(),
            Mood::Breaks => "500 Internal Server Error\r\n".to_owned(),
            Mood::RefusesForNow => {
                let seconds = COME_AGAIN.as_secs();
                format!("503 Service Unavailable\r\nretry-after: {seconds}\r\n")
            }
            Mood::HangsUp => return Ok(()),
            Mood::SendsElsewhere => format!("302 Found\r\nlocation: http://{}/\r\n", self.canary),
            Mood::IsLate => {
                sleep(TOO_LATE).await;
                "204 No Content\r\n".to_owned()
            }
        };
        let answer = format!("HTTP/1.1 {answer}content-length: 0\r\nconnection: close\r\n\r\n");
        connection.write_all(answer.as_bytes()).await
    }
}

impl Register {
    fn note(&mut self, request: &Request, mood: Mood, secrets: &[Webhook], is_forgetful: bool) {
        self.requests += 1;
        let id = request.header("webhook-id").to_owned();
        let user: Option<usize> = request.path.trim_start_matches('/').parse().ok();
        match user.and_then(|user| secrets.get(user)) {
            Some(secret) => {
                if let Err(error) = secret.verify(&request.body, &request.headers) {
                    self.broken.push(format!("{id} does not verify: {error}"));
                }
            }
            None => self.broken.push(format!("{id} went to {}", request.path)),
        }
        let event = request.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, at) = (text(&event["type"]), text(&event["timestamp"]));
        let (job, now) = (text(&event["data"]["job_id"]), Instant::now());
        let arrival = self.arrivals.entry(id.clone()).or_insert_with(|| Arrival {
            job: job.clone(),
            kind: kind.clone(),
            at: at.clone(),
            first_after: since(&at).unwrap_or_default(),
            ..Arrival::default()
        });
        if (&arrival.job, &arrival.kind, &arrival.at) != (&job, &kind, &at) {
            self.broken.push(format!(
                "{id} was {} of {} at {}, and later {kind} of {job} at {at}",
                arrival.kind, arrival.job, arrival.at
            ));
        }
        if arrival.not_before.is_some_and(|time| now < time) {
            let span = COME_AGAIN.as_secs();
            self.broken.push(format!(
                "{id} was to come again after {span} s, and came sooner"
            ));
        }
        arrival.not_before = (mood == Mood::RefusesForNow).then(|| now + COME_AGAIN);
        if mood != Mood::Takes {
            self.failures += 1;
        } else if !is_forgetful || arrival.taken > 0 {
            arrival.taken += 1;
        }
    }
}

/// From a time that a gateway wrote down until now, by the clock that both have.
#[expect(
    clippy::disallowed_methods,
    reason = "a receiver has a clock of its own"
)]
fn since(time: &str) -> Option<Duration> {
    let time: jiff::Timestamp = time.parse().ok()?;
    let span = jiff::Timestamp::now().duration_since(time);
    Some(Duration::try_from(span).unwrap_or_default())
}

async fn listen() -> io::Result<TcpListener> {
    TcpListener::bind(on_this_machine(0)).await
}

/// Looks after whoever connects, for ever.
async fn serve<F>(listener: TcpListener, mut look_after: impl FnMut(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        // A gateway that is killed takes its connections with it.
        connections.spawn(look_after(connection));
        while connections.try_join_next().is_some() {}
        if connections.len() >= MOST_CONNECTIONS {
            let _ended = connections.join_next().await;
        }
    }
}

async fn never_answer(mut connection: TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    while connection.read(&mut rest).await? > 0 {}
    Ok(())
}
