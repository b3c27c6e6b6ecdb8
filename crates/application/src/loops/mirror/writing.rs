//! One batch, around the rows that are refused.

use batchway_domain::identity::JobId;
use batchway_domain::ports::{JobMirror, MirrorError, MirrorRow};

/// After so many refused rows in one batch it is hardly the rows: a constraint of the table's own
/// would be looked for row by row, for ever.
const MOST_REFUSED: usize = 10;

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What is in the mirror now.
    pub(super) versions: Vec<(JobId, u64)>,
    /// What it does not take.
    pub(super) refused: Vec<JobId>,
    /// What nobody knows of, or was not tried.
    pub(super) left: Vec<JobId>,
    /// Why it ended before all was tried.
    pub(super) failure: Option<MirrorError>,
}

/// Writes rows; where one is refused, the others without it.
pub(super) async fn write(mirror: &dyn JobMirror, rows: &[MirrorRow]) -> Written {
    let mut written = Written::default();
    let mut parts = vec![rows];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match mirror.upsert(part).await {
            Ok(()) => {
                let versions = part.iter().map(|row| (row.job.clone(), row.version));
                written.versions.extend(versions);
            }
            Err(MirrorError::RowRefused { .. }) if part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
            Err(MirrorError::RowRefused { reason }) => {
                let job = part[0].job.clone();
                tracing::error!(%job, reason, "the mirror does not take this job");
                written.refused.push(job);
                if written.refused.len() == MOST_REFUSED && !parts.is_empty() {
                    return stopped(written, &parts, MirrorError::RowRefused { reason });
                }
            }
            Err(error) => {
                parts.push(part);
                return stopped(written, &parts, error);
            }
        }
    }
    written
}

fn stopped(mut written: Written, parts: &[&[MirrorRow]], failure: MirrorError) -> Written {
    let rows = parts.iter().flat_map(|part| part.iter());
    written.left = rows.map(|row| row.job.clone()).collect();
    written.failure = Some(failure);
    written
}
