//! The one writer: a thread that makes a commit of all that waits.
//!
//! Whoever wants to write puts an item into a bounded queue and waits for its answer. The writer
//! takes what is there, at most [`BATCH`] items, runs each under a savepoint of its own within
//! one transaction, and answers when the commit is on the disk. While that goes on the next batch
//! gathers, so that the number of commits hardly grows with the number of callers, and no item
//! waits for others to come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use batchway_domain::ports::{Clock, StoreError};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::idempotency;
use crate::store_error::{shared_store_error, stopped, store_error};

/// The most items of one commit.
const BATCH: usize = 256;

/// The most items that wait for the writer; who comes later waits for a place.
const QUEUE: usize = 1024;

/// A handle to the writer's thread. Dropping it lets the thread finish what waits, and waits for
/// it to end.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Item>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    pub(crate) fn start(connection: Connection, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let (queue, items) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let batches = Batches {
            connection,
            clock,
            commits: Arc::clone(&commits),
        };
        let thread = std::thread::Builder::new()
            .name("job-store-writer".to_owned())
            .spawn(move || batches.run(items))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            commits,
        })
    }

    /// How many transactions have been committed.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Does `work` in the writer's next transaction. What it changed is undone if it fails;
    /// the answer comes after the commit. Once handed over, it is done even if the caller goes
    /// away.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl Fn(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let item = WaitingItem {
            work,
            outcome: None,
            reply,
        };
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(Box::new(item)).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Writer")
            .field("commits", &self.commits())
            .finish_non_exhaustive()
    }
}

/// Something to be written, whose owner waits for the answer.
trait Item: Send {
    /// Does the work; says whether what it changed shall stay. May be called again where the
    /// first time was undone.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells the owner what became of it, once that can't change any more.
    fn answer(self: Box<Self>);

    /// Tells the owner that the transaction failed.
    fn fail(self: Box<Self>, error: StoreError);
}

struct WaitingItem<T, E, F> {
    work: F,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Item for WaitingItem<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let outcome = (self.work)(connection);
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        succeeded
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(stopped().into()));
        // An owner who went away does not want to know.
        let _ = self.reply.send(outcome);
    }

    fn fail(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error.into()));
    }
}

/// How a transaction ended, if it did not fail as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// What the successful items changed is on the disk.
    Committed,
    /// An item's failure took all the others' changes with it, as SQLite gives up the whole
    /// transaction when the disk is full.
    GivenUp,
}

/// What the thread owns.
struct Batches {
    connection: Connection,
    clock: Arc<dyn Clock>,
    commits: Arc<AtomicU64>,
}

impl Batches {
    fn run(self, mut items: mpsc::Receiver<Box<dyn Item>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while items.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.commit_together(&mut batch);
        }
    }

    /// One transaction for all. Where one item can't be written for want of room, each gets a
    /// transaction of its own: the others may need none.
    fn commit_together(&self, batch: &mut Vec<Box<dyn Item>>) {
        match self.transact(batch) {
            Ok(Ended::Committed) => batch.drain(..).for_each(|item| item.answer()),
            Ok(Ended::GivenUp) => batch.drain(..).for_each(|item| self.commit_alone(item)),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                batch.drain(..).for_each(|item| self.commit_alone(item));
            }
            Err(error) => {
                let error = Arc::new(error);
                batch
                    .drain(..)
                    .for_each(|item| item.fail(shared_store_error(&error)));
            }
        }
    }

    fn commit_alone(&self, mut item: Box<dyn Item>) {
        match self.transact(std::slice::from_mut(&mut item)) {
            Ok(Ended::Committed | Ended::GivenUp) => item.answer(),
            Err(error) => item.fail(store_error(error)),
        }
    }

    fn transact(&self, batch: &mut [Box<dyn Item>]) -> rusqlite::Result<Ended> {
        let result = self.try_transact(batch);
        if let Err(error) = &result {
            tracing::error!(%error, items = batch.len(), "the job store could not commit");
        }
        if !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        result
    }

    fn try_transact(&self, batch: &mut [Box<dyn Item>]) -> rusqlite::Result<Ended> {
        self.execute("BEGIN IMMEDIATE")?;
        for item in batch {
            self.execute("SAVEPOINT item")?;
            let succeeded = item.run(&self.connection);
            if self.connection.is_autocommit() {
                return Ok(Ended::GivenUp);
            }
            if !succeeded {
                self.execute("ROLLBACK TO item")?;
            }
            self.execute("RELEASE item")?;
        }
        // A few at a time, in passing: their being there a little longer harms nobody.
        idempotency::remove_expired(&self.connection, self.clock.now())?;
        self.execute("COMMIT")?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(Ended::Committed)
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(())?;
        Ok(())
    }
}
