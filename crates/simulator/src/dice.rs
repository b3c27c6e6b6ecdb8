//! Chance that comes out the same for the same seed.

use std::time::Duration;

use batchway_domain::ports::Entropy;
use batchway_memory_adapters::SeededEntropy;

/// Everything that happens by chance in one history is drawn from here, in turn.
#[derive(Debug)]
pub(crate) struct Dice(SeededEntropy);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    fn draw(&self) -> u64 {
        let entropy: &dyn Entropy = &self.0;
        u64::from_le_bytes(entropy.bytes())
    }

    /// A number below this one, which is above 0.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.draw() % bound
    }

    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Whether something happens that does so in so many of a thousand cases.
    pub(crate) fn happens(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        let index = self.below(from.len() as u64);
        from[usize::try_from(index).unwrap_or(0)]
    }

    pub(crate) fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// A number from 1 to about 2 to the power of `doublings`, small ones as likely as large ones.
    pub(crate) fn scale(&self, doublings: u64) -> u64 {
        let top = 1 << self.below(doublings + 1);
        self.between(top / 2 + 1, top)
    }
}
