//! A few connections that only read. In a write-ahead log they see the last commit and never
//! wait for the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use batchway_domain::ports::StoreError;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use crate::connection::open_reader;
use crate::store_error::{interrupted, store_error};

/// How many reads go on at once; the others wait in the order in which they came.
const CONNECTIONS: usize = 4;

type Idle = Mutex<Vec<Connection>>;

#[derive(Debug)]
pub(crate) struct Readers {
    idle: Arc<Idle>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| open_reader(path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            idle: Arc::new(Mutex::new(connections)),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// Does `work` on a thread that may block, all of it in one read transaction: everything it
    /// sees is of the same moment.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let idle = Arc::clone(&self.idle);
        let reading = tokio::task::spawn_blocking(move || {
            let _place = place;
            let mut borrowed = Borrowed::take(idle);
            let transaction = borrowed.begin().map_err(store_error)?;
            work(&transaction)
        });
        reading
            .await
            .unwrap_or_else(|error| Err(interrupted(error).into()))
    }
}

/// A connection that goes back to the others whatever happens to its borrower.
struct Borrowed {
    connection: Option<Connection>,
    idle: Arc<Idle>,
}

impl Borrowed {
    fn take(idle: Arc<Idle>) -> Self {
        let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { connection, idle }
    }

    fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.connection
            .as_mut()
            .expect("there are as many places as connections")
            .transaction_with_behavior(TransactionBehavior::Deferred)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}
