//! Faults before every adapter of a gateway.

use batchway_memory_adapters::Fault;

use crate::scene::Replica;

/// One call in twenty fails, in any way.
pub(crate) fn break_at_random(replica: &Replica, seed: u64) {
    let ways = [Fault::Declined, Fault::RequestLost, Fault::ReplyLost];
    replica.jobs.faults().fail_at_random(seed, 0.05, &ways);
    replica
        .artifacts
        .faults()
        .fail_at_random(seed + 1, 0.05, &ways);
    replica
        .process
        .faults()
        .fail_at_random(seed + 2, 0.1, &ways);
    replica.batch.faults().fail_at_random(seed + 3, 0.1, &ways);
    replica
        .budget
        .faults()
        .fail_at_random(seed + 4, 0.05, &ways);
}
