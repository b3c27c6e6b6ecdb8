//! What a ledger of sweeps must bring along to be tried.

use std::sync::Arc;

use batchway_domain::ports::SweepLedger;

use crate::job_store::JobStoreFixture;

/// A job store that also keeps the ledger of sweeps.
pub trait SweepLedgerFixture: JobStoreFixture {
    /// The same store's ledger, as it was opened last.
    fn ledger(&self) -> Arc<dyn SweepLedger>;
}
