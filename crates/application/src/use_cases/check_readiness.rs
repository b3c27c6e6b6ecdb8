//! Whether requests can be served.

use crate::Application;
use crate::causes::WithCauses;

/// Why requests can't be served now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// A sentence for each cause.
    pub reasons: Vec<String>,
}

impl Application {
    /// Asks the stores, and whether the gateway is about to stop. Anyone may be told the answer;
    /// what only the operator may know is logged.
    ///
    /// An artifact store that serves its own links is not asked: most requests need nothing of
    /// it, all replicas would go at the same time, and jobs are to be taken whatever it does.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn check_readiness(&self) -> Result<(), NotReady> {
        let artifacts = async {
            match self.settings().links {
                Some(_) => self.artifacts().check().await,
                None => Ok(()),
            }
        };
        let (jobs, artifacts) = tokio::join!(self.jobs().check(), artifacts);
        let mut reasons = Vec::new();
        if let Err(error) = jobs {
            let error = WithCauses(&error);
            tracing::warn!(%error, "the job store is not ready");
            reasons.push("the job store can't be used now".to_owned());
        }
        if let Err(error) = artifacts {
            let error = WithCauses(&error);
            tracing::warn!(%error, "the artifact store is not ready");
            reasons.push("the artifact store can't be used now".to_owned());
        }
        if self.0.draining.is_cancelled() {
            reasons.push("the gateway is about to stop".to_owned());
        }
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(NotReady { reasons })
        }
    }
}
