//! Failures on request, before any adapter.

mod artifact_store;
mod call_budget;
mod compute_backend;
mod event_feed;
mod job_store;
mod mirror_backlog;
mod sweep_ledger;
mod webhook_outbox;
mod webhook_secrets;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard};

use batchway_domain::ports::StoreError;

use crate::SeededEntropy;

pub use artifact_store::{ArtifactStoreCall, FailingArtifactStore};
pub use call_budget::{CallBudgetCall, FailingCallBudget};
pub use compute_backend::{ComputeBackendCall, FailingComputeBackend};
pub use event_feed::{EventFeedCall, FailingEventFeed};
pub use job_store::{FailingJobStore, JobStoreCall};
pub use mirror_backlog::{FailingMirrorBacklog, MirrorBacklogCall};
pub use sweep_ledger::{FailingSweepLedger, SweepLedgerCall};
pub use webhook_outbox::{FailingWebhookOutbox, WebhookOutboxCall};
pub use webhook_secrets::{FailingWebhookSecrets, WebhookSecretsCall};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing took effect, and the error says so where the port has such an error.
    Declined,
    /// Nothing took effect, and nobody can know: the request was lost.
    RequestLost,
    /// It took effect, and nobody can know: the reply was lost.
    ReplyLost,
}

/// Which calls fail, and how. `C` names the calls of a port.
///
/// Calls are counted from 1, each kind on its own, whether they fail or not. A fault asked for
/// by number goes before one that is asked for by rule, and a rule before chance.
pub struct Faults<C>(Mutex<Plan<C>>);

struct Plan<C> {
    calls: HashMap<C, u64>,
    by_number: HashMap<(C, u64), Fault>,
    odd_ones: HashMap<C, Fault>,
    chance: Option<Chance>,
}

struct Chance {
    entropy: SeededEntropy,
    probability: f64,
    faults: Vec<Fault>,
}

impl<C: Copy + Eq + Hash> Faults<C> {
    /// Lets every call pass.
    fn none() -> Self {
        Self(Mutex::new(Plan {
            calls: HashMap::new(),
            by_number: HashMap::new(),
            odd_ones: HashMap::new(),
            chance: None,
        }))
    }

    /// The `number`th call of this kind, from 1 and from the beginning, fails.
    pub fn fail_nth(&self, call: C, number: u64, fault: Fault) {
        self.plan().by_number.insert((call, number), fault);
    }

    /// The next call of this kind fails.
    pub fn fail_next(&self, call: C, fault: Fault) {
        self.fail_next_of(call, 1, fault);
    }

    /// The next `count` calls of this kind fail.
    pub fn fail_next_of(&self, call: C, count: u64, fault: Fault) {
        let mut plan = self.plan();
        let made = plan.made(call);
        for number in made + 1..=made + count {
            plan.by_number.insert((call, number), fault);
        }
    }

    /// The first, third, fifth call of this kind fails, and so on: whoever tries again succeeds.
    pub fn fail_every_other(&self, call: C, fault: Fault) {
        self.plan().odd_ones.insert(call, fault);
    }

    /// Every call fails with this probability, from 0 to 1, in one of these ways. Equal seeds
    /// give equal failures, in equal order of calls.
    pub fn fail_at_random(&self, seed: u64, probability: f64, faults: &[Fault]) {
        self.plan().chance = Some(Chance {
            entropy: SeededEntropy::new(seed),
            probability,
            faults: faults.to_vec(),
        });
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        let mut plan = self.plan();
        plan.by_number.clear();
        plan.odd_ones.clear();
        plan.chance = None;
    }

    /// How many calls of this kind have been made.
    pub fn calls(&self, call: C) -> u64 {
        self.plan().made(call)
    }

    /// Counts a call and says how it is to fail.
    fn strike(&self, call: C) -> Option<Fault> {
        let mut plan = self.plan();
        let number = plan.made(call) + 1;
        plan.calls.insert(call, number);
        let by_number = plan.by_number.remove(&(call, number));
        let by_rule = || {
            plan.odd_ones
                .get(&call)
                .filter(|_| number % 2 == 1)
                .copied()
        };
        let by_chance = || plan.chance.as_ref().and_then(Chance::draw);
        by_number.or_else(by_rule).or_else(by_chance)
    }

    /// Makes a call, or fails it.
    async fn around<T, E>(
        &self,
        call: C,
        work: impl Future<Output = Result<T, E>> + Send,
        error: impl FnOnce(Fault) -> E + Send,
    ) -> Result<T, E> {
        match self.strike(call) {
            None => work.await,
            Some(Fault::ReplyLost) => {
                // Whatever came of it, nobody is told.
                drop(work.await);
                Err(error(Fault::ReplyLost))
            }
            Some(fault) => Err(error(fault)),
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan<C>> {
        self.0
            .lock()
            .expect("no call panics while it holds the plan")
    }
}

impl<C: Copy + Eq + Hash> Plan<C> {
    fn made(&self, call: C) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }
}

impl Chance {
    fn draw(&self) -> Option<Fault> {
        #[expect(clippy::cast_precision_loss, reason = "a probability needs no 64 bits")]
        let drawn = self.entropy.next() as f64 / u64::MAX as f64;
        let which = usize::try_from(self.entropy.next() >> 33).unwrap_or(0);
        let strikes = drawn < self.probability && !self.faults.is_empty();
        strikes.then(|| self.faults[which % self.faults.len()])
    }
}

impl<C> fmt::Debug for Faults<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Faults").finish_non_exhaustive()
    }
}

/// What an injected error says of itself.
fn reason(fault: Fault) -> String {
    match fault {
        Fault::Declined => "a test lets this call be declined",
        Fault::RequestLost => "a test lets this request be lost",
        Fault::ReplyLost => "a test lets this reply be lost",
    }
    .to_owned()
}

/// How a store fails: [`Fault::Declined`] as full, the others as unavailable.
fn store_error<E: From<StoreError>>(fault: Fault) -> E {
    let (reason, source) = (reason(fault), None);
    E::from(match fault {
        Fault::Declined => StoreError::Full { reason, source },
        Fault::RequestLost | Fault::ReplyLost => StoreError::Unavailable { reason, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(faults: &Faults<char>, call: char, count: usize) -> Vec<bool> {
        let strike = |_| faults.strike(call).is_some();
        (0..count).map(strike).collect()
    }

    #[test]
    fn fails_the_calls_asked_for_and_no_others() {
        let faults = Faults::none();
        faults.fail_nth('a', 2, Fault::ReplyLost);
        assert_eq!(strikes(&faults, 'b', 3), [false, false, false]);
        assert_eq!(strikes(&faults, 'a', 3), [false, true, false]);
        faults.fail_next_of('a', 2, Fault::Declined);
        assert_eq!(strikes(&faults, 'a', 3), [true, true, false]);
        faults.fail_every_other('b', Fault::RequestLost);
        assert_eq!(strikes(&faults, 'b', 4), [false, true, false, true]);
        faults.clear();
        assert_eq!(strikes(&faults, 'b', 2), [false, false]);
        assert_eq!(faults.calls('a'), 6);
    }

    #[test]
    fn chance_comes_out_the_same_for_the_same_seed() {
        let drawn = |seed, probability| {
            let faults = Faults::none();
            faults.fail_at_random(seed, probability, &[Fault::Declined]);
            strikes(&faults, 'a', 1000)
        };
        assert_eq!(drawn(1, 0.3), drawn(1, 0.3));
        assert_ne!(drawn(1, 0.3), drawn(2, 0.3));
        let count = drawn(1, 0.3).into_iter().filter(|struck| *struck).count();
        assert!((200..400).contains(&count), "{count}");
        assert!(drawn(1, 0.0).into_iter().all(|struck| !struck));
        assert!(drawn(1, 1.1).into_iter().all(|struck| struck));
    }
}
