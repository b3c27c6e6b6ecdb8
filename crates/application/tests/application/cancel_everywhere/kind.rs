//! Where a job runs, and how.

use std::sync::Arc;

use batchway_domain::job::RetryPolicy;
use batchway_domain::job_type::{JobType, JobTypes};

use crate::job_types::{BATCH, PROCESS, REMOTE, SIMULATE, job_types};

/// Where a job runs, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) backend: &'static str,
    pub(super) gated: bool,
}

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        name: "gated_process",
        backend: PROCESS,
        gated: true,
    },
    Kind {
        name: "plain_process",
        backend: PROCESS,
        gated: false,
    },
    Kind {
        name: "gated_batch",
        backend: BATCH,
        gated: true,
    },
    Kind {
        name: "plain_batch",
        backend: BATCH,
        gated: false,
    },
];

pub(super) fn kinds() -> JobTypes {
    let of_kind = |kind: Kind| {
        let model = if kind.backend == PROCESS {
            SIMULATE
        } else {
            REMOTE
        };
        let model = job_types().get(&model.parse().unwrap()).unwrap().clone();
        JobType {
            name: kind.name.parse().unwrap(),
            gated: kind.gated,
            tries: RetryPolicy::standard(),
            ..Arc::unwrap_or_clone(model)
        }
    };
    KINDS.map(of_kind).into_iter().collect()
}
