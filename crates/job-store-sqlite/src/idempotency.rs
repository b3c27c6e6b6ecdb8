//! Callers' idempotency keys: which job each stands for, until its time is over.

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{AdmitError, Idempotency, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use crate::records::decode;
use crate::store_error::{store_error, unreadable};

/// How many expired keys are removed in passing, with each commit.
const REMOVED_AT_ONCE: i64 = 16;

pub(crate) const FIND: &str = "
    SELECT idempotency.fingerprint, idempotency.job, coalesce(jobs.record, idempotency.last_record)
    FROM idempotency LEFT JOIN jobs ON jobs.id = idempotency.job
    WHERE idempotency.tenant = ?1 AND idempotency.key = ?2 AND idempotency.expires_at > ?3";

pub(crate) const REMOVE_EXPIRED: &str = "
    DELETE FROM idempotency WHERE (tenant, key) IN
        (SELECT tenant, key FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

pub(crate) const KEEP_LAST_RECORD: &str = "
    UPDATE idempotency SET last_record = jobs.record
    FROM jobs
    WHERE jobs.number = ?1 AND idempotency.tenant = jobs.tenant
        AND idempotency.key = jobs.idempotency_key AND idempotency.job = jobs.id";

/// The job that a known key stands for, as it is now, or as it was when it was removed.
pub(crate) fn find(
    connection: &Connection,
    tenant: i64,
    wanted: &Idempotency,
    now: Timestamp,
) -> Result<Option<Job>, AdmitError> {
    type Row = ([u8; 32], String, Vec<u8>);
    let found: Option<Row> = connection
        .prepare_cached(FIND)
        .and_then(|mut statement| {
            statement
                .query_one(
                    params![tenant, wanted.key.as_str(), now.as_millis()],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()
        })
        .map_err(store_error)?;
    let Some((fingerprint, job, record)) = found else {
        return Ok(None);
    };
    if fingerprint == wanted.fingerprint {
        return Ok(Some(decode(&record)?));
    }
    let job: JobId = job
        .parse()
        .map_err(|error| unreadable("the job of an idempotency key", error))?;
    Err(AdmitError::FingerprintMismatch { job })
}

/// Records a key, in place of one whose time is over.
pub(crate) fn record(
    connection: &Connection,
    tenant: i64,
    idempotency: &Idempotency,
    job: &JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "REPLACE INTO idempotency (tenant, key, fingerprint, job, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                tenant,
                idempotency.key.as_str(),
                idempotency.fingerprint,
                job.as_str(),
                now.plus(idempotency.kept_for).as_millis(),
            ])
        })
        .map_err(store_error)?;
    Ok(())
}

/// Lets a key outlive its job: keeps what is known of the job with the key.
pub(crate) fn keep_last_record(connection: &Connection, job: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(KEEP_LAST_RECORD)
        .and_then(|mut statement| statement.execute([job]))
        .map_err(store_error)?;
    Ok(())
}

/// Removes some of the keys whose time is over.
pub(crate) fn remove_expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(REMOVE_EXPIRED)?
        .execute(params![now.as_millis(), REMOVED_AT_ONCE])?;
    Ok(())
}
