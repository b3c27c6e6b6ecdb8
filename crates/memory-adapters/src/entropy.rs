//! Chance that comes out the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use batchway_domain::ports::Entropy;

/// Bytes that look random and depend on the seed alone (SplitMix64). For tests: anyone who
/// knows the seed knows the secrets.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

/// The increment of SplitMix64: 2⁶⁴ over the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SeededEntropy {
    /// Equal seeds give equal bytes, in equal order of calls.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        let state = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.next().to_le_bytes()[..piece.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_bytes_and_others_do_not() {
        let bytes = |seed| {
            let entropy: &dyn Entropy = &SeededEntropy::new(seed);
            (entropy.bytes::<13>(), entropy.bytes::<13>())
        };
        assert_eq!(bytes(7), bytes(7));
        assert_ne!(bytes(7), bytes(8));
        let (first, second) = bytes(7);
        assert_ne!(first, second);
    }

    #[test]
    fn is_split_mix_64() {
        let entropy = SeededEntropy::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([entropy.next(), entropy.next(), entropy.next()], expected);
    }
}
