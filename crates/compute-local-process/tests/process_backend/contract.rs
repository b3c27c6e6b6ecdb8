//! The duties of every compute backend.

use crate::fixture::Stage;

batchway_port_contracts::compute_backend_contract!(async { Stage::new() });

mod through_the_failure_decorator {
    use super::*;

    batchway_port_contracts::compute_backend_contract!(async { Stage::decorated() });
}
