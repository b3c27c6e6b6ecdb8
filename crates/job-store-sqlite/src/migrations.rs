//! The schema, step by step. `PRAGMA user_version` says how many steps a file has taken.

use batchway_domain::ports::Clock;
use rusqlite::{Connection, TransactionBehavior};

use crate::settings::begin_keeping;

/// Marks a file as one of ours (`PRAGMA application_id`): "bway" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x6277_6179;

/// Every step in order; the first makes version 1. A published step never changes.
const STEPS: [&str; 4] = [
    include_str!("../migrations/0001_jobs.sql"),
    include_str!("../migrations/0002_sweeps.sql"),
    include_str!("../migrations/0003_webhooks.sql"),
    include_str!("../migrations/0004_mirror_backlog.sql"),
];

/// The schema that this code writes, and the newest that it reads.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

/// Why a file's schema is not brought up to date.
#[derive(Debug)]
pub(crate) enum MigrationError {
    /// The file belongs to another program.
    Foreign,
    /// A newer gateway has made it.
    Newer { found: i64 },
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrationError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Takes the steps that are missing, all of them or none. Two processes that do so at the same
/// time take each step once.
pub(crate) fn migrate(
    connection: &mut Connection,
    clock: &dyn Clock,
) -> Result<(), MigrationError> {
    if version_of(connection)? == NEWEST {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken = version_of(&transaction)?;
    for step in STEPS
        .iter()
        .skip(usize::try_from(taken).unwrap_or(usize::MAX))
    {
        transaction.execute_batch(step)?;
    }
    begin_keeping(&transaction, clock.now())?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()?;
    Ok(())
}

/// How many steps the file has taken, if it is ours and not from the future.
fn version_of(connection: &Connection) -> Result<i64, MigrationError> {
    let application: i32 = pragma(connection, "application_id")?;
    let version: i64 = pragma(connection, "user_version")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match application {
        APPLICATION_ID if version > NEWEST => Err(MigrationError::Newer { found: version }),
        APPLICATION_ID => Ok(version),
        _ if tables == 0 && version == 0 => Ok(0),
        _ => Err(MigrationError::Foreign),
    }
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use batchway_memory_adapters::ManualClock;

    use super::*;

    #[test]
    fn a_new_file_takes_every_step_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &ManualClock::default()).unwrap();
        migrate(&mut connection, &ManualClock::default()).unwrap();
        assert_eq!(version_of(&connection).unwrap(), NEWEST);
    }

    #[test]
    fn a_newer_schema_and_a_strangers_file_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &ManualClock::default()).unwrap();
        connection
            .pragma_update(None, "user_version", NEWEST + 1)
            .unwrap();
        assert!(matches!(
            migrate(&mut connection, &ManualClock::default()),
            Err(MigrationError::Newer { found }) if found == NEWEST + 1
        ));

        let mut stranger = Connection::open_in_memory().unwrap();
        stranger.execute_batch("CREATE TABLE photos (id)").unwrap();
        assert!(matches!(
            migrate(&mut stranger, &ManualClock::default()),
            Err(MigrationError::Foreign)
        ));
    }
}
