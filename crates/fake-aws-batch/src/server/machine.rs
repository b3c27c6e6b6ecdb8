//! The account, its time, and whoever runs its containers, held together.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::envelope::Envelopes;
use super::events::Outbox;
use super::executor::{Executor, Order, Outcome};
use super::history::History;
use super::log_streams::LogStreams;
use super::time::{Clock, in_millis};
use crate::faults::Faults;
use crate::{Account, Exit, Millis, Signal, Start, Stop};

/// What a program exits with that a signal ends: 128 and its number.
const BY_SIGTERM: i32 = 143;
const BY_SIGKILL: i32 = 137;

/// Time is counted in milliseconds.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The account of AWS Batch, moved by a clock.
#[derive(Debug)]
pub(super) struct Machine {
    inside: Mutex<Inside>,
    /// Tells this fake from all others of the machine, whose jobs may have the same ids.
    instance: String,
    clock: Arc<Clock>,
    logs: Arc<LogStreams>,
    outbox: Option<Arc<Outbox>>,
    /// Attempts for whoever runs programs. `None`: nobody does.
    runs: Option<mpsc::UnboundedSender<Launch>>,
    sooner: Notify,
}

/// An attempt to be run, and what will be told to it.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) start: Start,
    pub(super) orders: watch::Receiver<Order>,
}

/// What is behind the lock.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) account: Account,
    pub(super) faults: Faults,
    pub(super) history: History,
    /// How attempts end that nobody runs.
    pub(super) outcome: Outcome,
    envelopes: Envelopes,
    running: HashMap<Attempt, Runner>,
    /// When attempts end that nobody runs, and their exit codes.
    ends: BTreeMap<(Millis, Attempt), i32>,
    /// When the driver will look again by itself.
    next_look: Option<Millis>,
}

type Attempt = (Arc<str>, u32);

/// Who runs an attempt.
#[derive(Debug)]
enum Runner {
    /// Nobody. It ends then by itself.
    Nobody(Option<Millis>),
    /// Somebody who listens.
    Somebody(watch::Sender<Order>),
}

impl Machine {
    pub(super) fn new(
        instance: String,
        account: Account,
        clock: Arc<Clock>,
        executor: &Executor,
        outbox: Option<Arc<Outbox>>,
    ) -> (Self, mpsc::UnboundedReceiver<Launch>) {
        let (runs, launches) = mpsc::unbounded_channel();
        let (outcome, runs) = match executor {
            Executor::None(outcome) => (*outcome, None),
            Executor::Process(_) | Executor::Container(_) => (Outcome::default(), Some(runs)),
        };
        let machine = Self {
            instance,
            inside: Mutex::new(Inside {
                envelopes: Envelopes::new(account.settings()),
                account,
                faults: Faults::new(),
                history: History::default(),
                outcome,
                running: HashMap::new(),
                ends: BTreeMap::new(),
                next_look: None,
            }),
            logs: Arc::new(LogStreams::new(clock.clone())),
            clock,
            outbox,
            runs,
            sooner: Notify::new(),
        };
        (machine, launches)
    }

    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    pub(super) fn logs(&self) -> &Arc<LogStreams> {
        &self.logs
    }

    pub(super) fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_deref()
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Does something with the account as it is now, and then all that follows from it.
    pub(super) fn act<T>(&self, action: impl FnOnce(&mut Inside, Millis) -> T) -> T {
        let mut guard = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = &mut *guard;
        let now = self.clock.now();
        self.catch_up(inside, now);
        let result = action(inside, now);
        self.settle(inside, now);
        let next = inside.next_change();
        let is_sooner = match (next, inside.next_look) {
            (Some(next), Some(look)) => next < look,
            (Some(_), None) => true,
            (None, _) => false,
        };
        drop(guard);
        if is_sooner {
            self.sooner.notify_one();
        }
        result
    }

    /// Looks at what is behind the lock.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Inside) -> T) -> T {
        self.act(|inside, _| look(inside))
    }

    /// Lets time pass by hand.
    pub(super) fn advance(&self, span: Duration) {
        self.clock.add(span);
        self.act(|_, _| ());
        // The moment that the driver waits for may have come nearer.
        self.sooner.notify_one();
    }

    /// The container runs.
    pub(super) fn started(&self, start: &Start) {
        self.act(|inside, now| {
            inside.history.started(&start.job_id, start.attempt, now);
            inside.account.started(&start.job_id, start.attempt, now);
        });
    }

    /// The container has ended.
    pub(super) fn exited(&self, start: &Start, exit: Exit) {
        self.act(|inside, now| {
            inside.exited(&(start.job_id.clone(), start.attempt), exit, now);
        });
    }

    /// Waits until there is something to look at, and looks, for as long as it is polled.
    pub(super) async fn drive(&self) {
        loop {
            let next = self.act(|inside, _| {
                inside.next_look = inside.next_change();
                inside.next_look
            });
            match next.and_then(|next| self.clock.until(next)) {
                Some(span) => tokio::select! {
                    () = tokio::time::sleep(span.max(SHORTEST_SLEEP)) => {}
                    () = self.sooner.notified() => {}
                },
                None => self.sooner.notified().await,
            }
        }
    }

    /// Everything that was due until now, each at its moment.
    fn catch_up(&self, inside: &mut Inside, now: Millis) {
        let mut before = None;
        while let Some(next) = inside.next_change().filter(|next| *next <= now) {
            self.settle(inside, next);
            let ended = inside.end_by_time(next);
            // What is due again although nothing happened would be due for ever.
            if !ended && before == Some(next) {
                break;
            }
            before = Some(next);
        }
        self.settle(inside, now);
    }

    /// Moves the account to this moment, and carries out what comes of it.
    fn settle(&self, inside: &mut Inside, now: Millis) {
        let mut due_before = None;
        loop {
            inside.account.advance(now);
            let (starts, stops) = (inside.account.take_starts(), inside.account.take_stops());
            let is_quiet = starts.is_empty() && stops.is_empty();
            for start in starts {
                self.start(inside, start, now);
            }
            for stop in stops {
                inside.stop(&stop, now);
            }
            // What was done may have made more due at once. What is due again although nothing
            // was done would be due for ever.
            let due = inside.account.next_change_at().filter(|next| *next <= now);
            if is_quiet && (due.is_none() || due == due_before) {
                break;
            }
            due_before = due;
        }
        for change in inside.account.take_events() {
            inside.history.changed(&change);
            if let Some(outbox) = &self.outbox {
                outbox.put(inside.envelopes.seal(&change));
            }
        }
    }

    fn start(&self, inside: &mut Inside, start: Start, now: Millis) {
        inside.history.asked_to_start(&start, now);
        self.logs.open(&start.log_stream_name);
        let attempt = (start.job_id.clone(), start.attempt);
        let Some(runs) = &self.runs else {
            inside.history.started(&start.job_id, start.attempt, now);
            inside.account.started(&start.job_id, start.attempt, now);
            let end = inside
                .outcome
                .run_time
                .map(|span| now.plus(in_millis(span)));
            if let Some(end) = end {
                let code = inside.outcome.exit_code;
                inside.ends.insert((end, attempt.clone()), code);
            }
            inside.running.insert(attempt, Runner::Nobody(end));
            return;
        };
        let (orders, told) = watch::channel(Order::GoOn);
        inside.running.insert(attempt, Runner::Somebody(orders));
        // Where nobody takes it, the server is ending.
        let _ = runs.send(Launch {
            start,
            orders: told,
        });
    }
}

impl Inside {
    fn next_change(&self) -> Option<Millis> {
        let end = self.ends.first_key_value().map(|((at, _), _)| *at);
        let of_account = self.account.next_change_at();
        end.into_iter().chain(of_account).min()
    }

    /// Ends the job's latest attempt where nobody runs it. Whether there was one.
    pub(super) fn end(&mut self, id: &str, exit: Exit, now: Millis) -> bool {
        let latest = self.history.job(id).and_then(|record| record.runs.last());
        let Some(attempt) = latest.map(|run| (Arc::from(id), run.attempt)) else {
            return false;
        };
        let is_nobodys = matches!(self.running.get(&attempt), Some(Runner::Nobody(_)));
        if is_nobodys {
            self.exited(&attempt, exit, now);
        }
        is_nobodys
    }

    /// Batch forgets the job; its container, and the truth about it, stay. Whether there was one.
    pub(super) fn vanish(&mut self, id: &str) -> bool {
        self.history.vanished(id);
        self.account.vanish(id)
    }

    /// Ends what nobody runs and is due. Whether there was any.
    fn end_by_time(&mut self, now: Millis) -> bool {
        let mut any = false;
        while let Some(end) = self.ends.first_entry().filter(|end| end.key().0 <= now) {
            let ((_, attempt), code) = end.remove_entry();
            self.exited(&attempt, Exit::with_code(code), now);
            any = true;
        }
        any
    }

    fn exited(&mut self, attempt: &Attempt, exit: Exit, now: Millis) {
        if let Some(Runner::Nobody(Some(end))) = self.running.remove(attempt) {
            self.ends.remove(&(end, attempt.clone()));
        }
        let (id, number) = attempt;
        self.history.ended(id, *number, &exit, now);
        self.account.exited(id, *number, exit, now);
    }

    fn stop(&mut self, stop: &Stop, now: Millis) {
        let attempt = (stop.job_id.clone(), stop.attempt);
        let Some(runner) = self.running.get(&attempt) else {
            return;
        };
        self.history
            .signalled(&stop.job_id, stop.attempt, stop.signal);
        match runner {
            Runner::Nobody(_) => {
                let code = match stop.signal {
                    Signal::Terminate => BY_SIGTERM,
                    Signal::Kill => BY_SIGKILL,
                };
                self.exited(&attempt, Exit::with_code(code), now);
            }
            // A signal after SIGKILL changes nothing.
            Runner::Somebody(orders) => {
                orders.send_if_modified(|order| {
                    let stronger = Order::from(stop.signal).max(*order);
                    std::mem::replace(order, stronger) != stronger
                });
            }
        }
    }
}
