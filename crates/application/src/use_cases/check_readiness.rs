//! Whether requests can be served.

use crate::Application;

/// Why requests can't be served now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// A sentence for each cause.
    pub reasons: Vec<String>,
}

impl Application {
    /// Asks the stores, and whether the gateway is about to stop.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn check_readiness(&self) -> Result<(), NotReady> {
        let (jobs, artifacts) = tokio::join!(self.jobs().check(), self.artifacts().check());
        let draining = self.0.draining.is_cancelled();
        let reasons: Vec<String> = [
            jobs.err().map(|error| error.to_string()),
            artifacts.err().map(|error| error.to_string()),
            draining.then(|| "the gateway is about to stop".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(NotReady { reasons })
        }
    }
}
