//! Learns from past jobs how long the next ones will take.

use std::time::Duration;

use async_trait::async_trait;

use super::{Loop, Report};
use crate::Application;

/// How many of the last runs of a type are looked at.
const RUNS: usize = 50;

/// Refreshes the table of estimates.
#[derive(Debug)]
pub struct Learn {
    application: Application,
}

impl Learn {
    pub(super) const fn new(application: Application) -> Self {
        Self { application }
    }
}

#[async_trait]
impl Loop for Learn {
    fn name(&self) -> String {
        "learn".to_owned()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn run_once(&self) -> Report {
        for kind in self.application.0.job_types.iter() {
            match self
                .application
                .0
                .ports
                .history
                .recent_runs(&kind.name, RUNS)
                .await
            {
                Ok(runs) => self.application.0.estimates.learn(kind, &runs),
                Err(error) => return Report::failed(&error),
            }
        }
        Report::default()
    }
}
