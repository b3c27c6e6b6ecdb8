//! What SQLite says, in the words of the port.

use std::fmt::Display;
use std::sync::Arc;

use batchway_domain::ports::StoreError;
use rusqlite::{Error, ErrorCode};

/// A failure of SQLite by what it means to those who wait for an answer.
pub(crate) fn store_error(error: Error) -> StoreError {
    shared_store_error(&Arc::new(error))
}

/// The same, where many wait for the same commit.
pub(crate) fn shared_store_error(error: &Arc<Error>) -> StoreError {
    let reason = error.to_string();
    let source = Some(Box::new(Arc::clone(error)).into());
    match error.as_ref() {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => StoreError::Full { reason, source },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                StoreError::Unreadable { reason, source }
            }
            _ => StoreError::Unavailable { reason, source },
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Unreadable { reason, source },
        _ => StoreError::Unavailable { reason, source },
    }
}

/// Something stored that is not what it should be.
pub(crate) fn unreadable(
    what: impl Display,
    error: impl std::error::Error + Send + Sync + 'static,
) -> StoreError {
    StoreError::Unreadable {
        reason: format!("{what}: {error}"),
        source: Some(Box::new(error)),
    }
}

/// The writer has ended, or ends.
pub(crate) fn stopped() -> StoreError {
    StoreError::Unavailable {
        reason: "the store's writer has stopped; restart the gateway".to_owned(),
        source: None,
    }
}

/// A read that was not finished, as the process is about to end, or by a mistake in it.
pub(crate) fn interrupted(error: tokio::task::JoinError) -> StoreError {
    StoreError::Unavailable {
        reason: "a read of the store was interrupted".to_owned(),
        source: Some(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn meaning(code: std::ffi::c_int) -> StoreError {
        store_error(Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn each_failure_of_sqlite_has_its_meaning() {
        assert!(matches!(meaning(ffi::SQLITE_FULL), StoreError::Full { .. }));
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_FSYNC] {
            assert!(matches!(meaning(code), StoreError::Unavailable { .. }));
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(matches!(meaning(code), StoreError::Unreadable { .. }));
        }
    }
}
