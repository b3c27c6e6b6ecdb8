//! How connections are opened: every one of them, so that none is less durable than the others.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// How long a connection waits for its turn beside another process that writes all the time, to a
/// slow disk.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// Statements kept prepared for each connection; more than there are in this crate.
const PREPARED_STATEMENTS: usize = 128;

/// The write-ahead log is cut back to this size after a burst, in bytes.
const LOG_SIZE_LIMIT: i64 = 64 << 20;

/// A connection that may write. `synchronous=FULL` with a write-ahead log: a commit is on the
/// disk when it returns.
pub(crate) fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
            Some("this file system can't hold a write-ahead log; use a local disk".to_owned()),
        ));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)?;
    Ok(connection)
}

/// A connection that only reads, and never waits for a writer.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(connection)
}

/// Makes an empty file that only its owner can read, where there is none: it will hold people's
/// params. SQLite gives the files beside it the same rights.
///
/// A file that is there is not touched: closing it would drop the locks that SQLite holds on it
/// elsewhere in this process.
pub(crate) fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
