//! Pages of a caller's jobs. Ids sort by time of creation, so that every condition on time and
//! the place where a page begins are bounds on the id, and each page is one stretch of an index.

use batchway_domain::job::Job;
use batchway_domain::ports::{JobPage, JobQuery, StoreError};
use rusqlite::{Connection, ToSql, named_params};

use crate::records::decode;
use crate::store_error::store_error;
use crate::tenants::Tenant;

/// Each page names its index: without statistics SQLite would take the shortest one, and read
/// past everything that has another status.
macro_rules! page {
    ($index:literal $(, $condition:literal)?) => {
        concat!(
            "SELECT record FROM jobs INDEXED BY ",
            $index,
            " WHERE tenant = :tenant ",
            $($condition,)?
            " AND id >= :oldest AND id < :before ORDER BY id DESC LIMIT :limit",
        )
    };
}

pub(crate) const ALL: &str = page!("jobs_of_tenant");
pub(crate) const BY_STATUS: &str = page!("jobs_by_status", "AND status = :status");
pub(crate) const BY_TYPE: &str = page!("jobs_by_type", "AND job_type = :job_type");
pub(crate) const BY_TYPE_AND_STATUS: &str = page!(
    "jobs_by_type_and_status",
    "AND job_type = :job_type AND status = :status"
);

/// One more than asked for is read, to know whether there is a next page.
pub(crate) fn page(
    connection: &Connection,
    tenant: &Tenant,
    query: &JobQuery,
) -> Result<JobPage, StoreError> {
    let mut jobs = read(connection, tenant, query, query.limit.saturating_add(1))?;
    let more = jobs.len() > query.limit;
    jobs.truncate(query.limit);
    let next = jobs.last().filter(|_| more).map(|job| job.id.clone());
    Ok(JobPage { jobs, next })
}

fn read(
    connection: &Connection,
    tenant: &Tenant,
    query: &JobQuery,
    limit: usize,
) -> Result<Vec<Job>, StoreError> {
    let ids = query.ids();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let status = query.status.map(|status| status.as_str());
    let job_type = query.job_type.as_ref().map(|name| name.as_str());
    let mut parameters: Vec<(&str, &dyn ToSql)> = named_params! {
        ":tenant": tenant.number,
        ":oldest": ids.start,
        ":before": ids.end,
        ":limit": limit,
    }
    .to_vec();
    parameters.extend(status.iter().map(|s| (":status", s as &dyn ToSql)));
    parameters.extend(job_type.iter().map(|t| (":job_type", t as &dyn ToSql)));

    let mut statement = connection.prepare_cached(sql(query)).map_err(store_error)?;
    let records = statement
        .query_map(parameters.as_slice(), |row| row.get(0))
        .map_err(store_error)?;
    records
        .map(|record: rusqlite::Result<Vec<u8>>| decode(&record.map_err(store_error)?))
        .collect()
}

const fn sql(query: &JobQuery) -> &'static str {
    match (&query.job_type, query.status) {
        (None, None) => ALL,
        (None, Some(_)) => BY_STATUS,
        (Some(_), None) => BY_TYPE,
        (Some(_), Some(_)) => BY_TYPE_AND_STATUS,
    }
}
