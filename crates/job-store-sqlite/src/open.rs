//! Opening a store, and why it may not open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use batchway_domain::ports::{Clock, TokenBuckets};

use crate::connection::{make_private_file, open_writer};
use crate::migrations::{self, MigrationError, migrate};
use crate::readers::Readers;
use crate::receivers::LastServed;
use crate::writer::Writer;

/// The job store of one machine: a SQLite file.
///
/// It runs one thread, which writes. Dropping the store lets that thread finish what was handed
/// to it and waits until it has ended, which blocks; every call that had begun by then gets its
/// answer.
#[derive(Debug)]
pub struct SqliteJobStore {
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) call_buckets: Mutex<TokenBuckets>,
    pub(crate) last_served: LastServed,
    pub(crate) keeps_mirror_backlog: bool,
}

impl SqliteJobStore {
    /// Opens the store in this file, makes it where there is none, and brings an older one up
    /// to date. Blocks while it does so. Its calls need a Tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let unusable = |source| OpenError::Unusable {
            path: path.to_owned(),
            source,
        };
        make_private_file(path).map_err(|source| OpenError::NotMade {
            path: path.to_owned(),
            source,
        })?;
        let mut connection = open_writer(path).map_err(unusable)?;
        migrate(&mut connection, clock.as_ref())
            .map_err(|error| OpenError::of_migration(path, error))?;
        let readers = Readers::open(path).map_err(unusable)?;
        let writer = Writer::start(connection, Arc::clone(&clock)).map_err(OpenError::NoThread)?;
        Ok(Self {
            readers,
            writer,
            clock,
            call_buckets: Mutex::default(),
            last_served: LastServed::default(),
            keeps_mirror_backlog: false,
        })
    }

    /// The same store, which from now on keeps in mind which jobs have changed since they were
    /// mirrored. Every process that changes jobs in this file has to open it so.
    #[must_use]
    pub fn with_mirror_backlog(self) -> Self {
        Self {
            keeps_mirror_backlog: true,
            ..self
        }
    }

    /// How many transactions have been committed since it was opened. Under load far fewer than
    /// there were calls that write.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not there and can't be made.
    #[error("the job store {path} can't be made: {source}; check that its folder exists and is writable", path = path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is there but can't be used.
    #[error("the job store {path} can't be opened: {source}; check the file, its rights and the room on its disk", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// The file holds another program's data.
    #[error("{path} is a database of another program; name another file", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer gateway has changed the schema.
    #[error(
        "the job store {path} has schema version {found} and this gateway knows up to {newest}; upgrade it",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version that is known here.
        newest: i64,
    },
    /// The writer's thread can't be started.
    #[error("the job store's writer can't be started; the system allows no more threads")]
    NoThread(#[source] std::io::Error),
}

impl OpenError {
    fn of_migration(path: &Path, error: MigrationError) -> Self {
        let path = path.to_owned();
        match error {
            MigrationError::Foreign => Self::Foreign { path },
            MigrationError::Newer { found } => Self::Newer {
                path,
                found,
                newest: migrations::NEWEST,
            },
            MigrationError::Sqlite(source) => Self::Unusable { path, source },
        }
    }
}
