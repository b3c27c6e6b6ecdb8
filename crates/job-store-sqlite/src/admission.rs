//! Recording a new job: every check and every row of it in one step.

use batchway_domain::Timestamp;
use batchway_domain::ports::{Admission, AdmissionLimits, AdmitError, Admitted};
use batchway_domain::security::KeyDigest;
use rusqlite::{Connection, params};

use crate::mirror_backlog::{self, BehindSince};
use crate::store_error::store_error;
use crate::{due, events, idempotency, records, tenants};

pub(crate) const COUNTS: &str = "
    SELECT tenants.active, backlog.queued FROM tenants, backlog
    WHERE tenants.number = ?1 AND backlog.only_row = 1";

/// A known idempotency key is answered before limits are looked at: its job is there already.
pub(crate) fn admit(
    connection: &Connection,
    key: &KeyDigest,
    admission: &Admission,
    now: Timestamp,
    behind_since: BehindSince,
) -> Result<Admitted, AdmitError> {
    let tenant = tenants::of_key(connection, key)?;
    if let Some(wanted) = &admission.idempotency
        && let Some(job) = idempotency::find(connection, tenant.number, wanted, now)?
    {
        return Ok(Admitted {
            job,
            replayed: true,
        });
    }
    hold(connection, tenant.number, admission.limits)?;

    let admitted = admission.job.admit(tenant.name);
    let job = admitted.job;
    let idempotency_key = admission.idempotency.as_ref().map(|i| i.key.as_str());
    let number = records::insert(
        connection,
        tenant.number,
        &job,
        &admission.params,
        idempotency_key,
    )?;
    due::enter(connection, number, tenant.number, &job)?;
    events::append(connection, number, tenant.number, &admitted.events)?;
    mirror_backlog::enter(connection, number, behind_since)?;
    if let Some(wanted) = &admission.idempotency {
        idempotency::record(connection, tenant.number, wanted, &job.id, now)?;
    }
    Ok(Admitted {
        job,
        replayed: false,
    })
}

/// Two counters are read, whatever there is to count.
fn hold(connection: &Connection, tenant: i64, limits: AdmissionLimits) -> Result<(), AdmitError> {
    let (active, queued): (u64, u64) = connection
        .prepare_cached(COUNTS)
        .and_then(|mut statement| {
            statement.query_one(params![tenant], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(store_error)?;
    if let Some(limit) = limits.active_of_user.filter(|limit| active >= *limit) {
        return Err(AdmitError::TooManyActive { limit });
    }
    if queued >= limits.queued {
        return Err(AdmitError::BacklogFull {
            limit: limits.queued,
        });
    }
    Ok(())
}
