//! Which fault happens when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::counters::Counters;
use crate::rule::{At, Fault, Rule};

/// Names a rule, to take it away again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleId(u64);

/// The rules of a proxy, and what came of them.
#[derive(Debug)]
pub(crate) struct Plan {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<(RuleId, Rule)>,
    next_id: u64,
    counters: Counters,
}

/// A point of a connection at which something may go wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion<'a> {
    pub(crate) at: At,
    /// Of the connection, from 1.
    pub(crate) connection: u64,
    /// Of the turn within the connection, from 1; 0 at its start.
    pub(crate) turn: u64,
    /// How the last request begins.
    pub(crate) request: &'a [u8],
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            state: Mutex::default(),
        }
    }

    pub(crate) fn add(&self, rule: Rule) -> RuleId {
        let mut state = self.state();
        state.next_id += 1;
        let id = RuleId(state.next_id);
        state.rules.push((id, rule));
        id
    }

    pub(crate) fn remove(&self, id: RuleId) {
        self.state().rules.retain(|(known, _)| *known != id);
    }

    pub(crate) fn clear(&self) {
        self.state().rules.clear();
    }

    pub(crate) fn counters(&self) -> Counters {
        self.state().counters
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counters)) {
        count(&mut self.state().counters);
    }

    /// The first rule that hits, with its delay decided.
    pub(crate) fn choose(&self, occasion: &Occasion<'_>) -> Option<Fault> {
        let mut state = self.state();
        let (id, rule) = state
            .rules
            .iter_mut()
            .find(|(id, rule)| self.hits(*id, rule, occasion))?;
        let chance = self.chance(*id, occasion, 1);
        let fault = match rule.fault {
            Fault::Delay { least, most } => fixed(least, most, chance),
            other => other,
        };
        if let Some(left) = &mut rule.times {
            *left -= 1;
        }
        Some(fault)
    }

    fn hits(&self, id: RuleId, rule: &Rule, occasion: &Occasion<'_>) -> bool {
        rule.at == occasion.at
            && rule.times != Some(0)
            && contains(occasion.request, &rule.request_has)
            && self.chance(id, occasion, 0) < rule.probability
    }

    /// From 0 to below 1, the same for the same seed, rule and occasion.
    fn chance(&self, id: RuleId, occasion: &Occasion<'_>, use_number: u64) -> f64 {
        let parts = [
            id.0,
            occasion.connection,
            occasion.turn,
            occasion.at as u64,
            use_number,
        ];
        let hash = parts
            .into_iter()
            .fold(mixed(self.seed), |hash, part| mixed(hash ^ part));
        // The upper 53 bits are what a double holds exactly.
        (hash >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fixed(least: Duration, most: Duration, chance: f64) -> Fault {
    let delay = least + most.saturating_sub(least).mul_f64(chance);
    Fault::Delay {
        least: delay,
        most: delay,
    }
}

fn contains(request: &[u8], words: &[u8]) -> bool {
    words.is_empty() || request.windows(words.len()).any(|part| part == words)
}

/// SplitMix64: every bit of the input changes half of the output's.
fn mixed(input: u64) -> u64 {
    let mut mixed = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(seed: u64, rule: Rule) -> Vec<bool> {
        let plan = Plan::new(seed);
        plan.add(rule);
        (1..=10_000)
            .map(|connection| plan.choose(&accepted(connection)).is_some())
            .collect()
    }

    fn accepted(connection: u64) -> Occasion<'static> {
        Occasion {
            at: At::Connect,
            connection,
            turn: 0,
            request: b"",
        }
    }

    #[test]
    fn a_seed_decides() {
        let rule = || Rule::new(At::Connect, Fault::Hang).with_probability(0.3);
        assert_eq!(choices(7, rule()), choices(7, rule()));
        assert_ne!(choices(7, rule()), choices(8, rule()));
    }

    #[test]
    fn a_probability_is_how_often_it_happens() {
        let rule = Rule::new(At::Connect, Fault::Hang).with_probability(0.3);
        let hits = choices(1, rule).into_iter().filter(|hit| *hit).count();
        assert!((2800..3200).contains(&hits), "{hits}");
        let never = Rule::new(At::Connect, Fault::Hang).with_probability(0.0);
        assert!(!choices(1, never).contains(&true));
    }

    #[test]
    fn a_rule_is_used_up() {
        let rule = Rule::new(At::Connect, Fault::Hang).times(3);
        let hits = choices(1, rule).into_iter().filter(|hit| *hit).count();
        assert_eq!(hits, 3);
    }

    #[test]
    fn of_two_rules_the_first_that_hits_is_done() {
        let plan = Plan::new(1);
        let first = plan.add(Rule::new(At::Connect, Fault::Hang));
        plan.add(Rule::new(At::Connect, Fault::Swallow));
        assert_eq!(plan.choose(&accepted(1)), Some(Fault::Hang));
        plan.remove(first);
        assert_eq!(plan.choose(&accepted(1)), Some(Fault::Swallow));
        plan.clear();
        assert_eq!(plan.choose(&accepted(1)), None);
    }

    #[test]
    fn a_delay_lies_between_its_bounds() {
        let plan = Plan::new(1);
        let (least, most) = (Duration::from_millis(10), Duration::from_millis(20));
        plan.add(Rule::new(At::Connect, Fault::Delay { least, most }));
        for connection in 1..100 {
            let Some(Fault::Delay { least: delay, .. }) = plan.choose(&accepted(connection)) else {
                panic!("it always hits");
            };
            assert!((least..=most).contains(&delay), "{delay:?}");
        }
    }
}
