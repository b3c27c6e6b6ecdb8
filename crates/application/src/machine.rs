//! The state machine that an application goes by.

use std::fmt;
use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::job::machine::{Observation, Transition, observe};
use batchway_domain::job::{Job, Rules};

type Decide = dyn Fn(&Job, &Observation, &Rules, Timestamp) -> Option<Transition> + Send + Sync;

/// How jobs move: the domain's [`observe`] everywhere, but where it is to be shown that another
/// one would be noticed.
#[derive(Clone)]
pub struct Machine(Arc<Decide>);

impl Machine {
    /// A machine of its own.
    pub fn new(
        decide: impl Fn(&Job, &Observation, &Rules, Timestamp) -> Option<Transition>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(decide))
    }

    pub(crate) fn decide(
        &self,
        job: &Job,
        observation: &Observation,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<Transition> {
        (self.0)(job, observation, rules, now)
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(observe)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Machine")
    }
}
