//! Random numbers that are the same everywhere: PCG XSL RR 128/64 (M. E.
//! O'Neill, HMC-CS-2014-0905), with logarithms from `libm`, since those of the
//! system's C library differ from one processor to another.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The random numbers of one run; its state goes into checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Random(Pcg64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// Uniform in [0, 1), with 53 random bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform among the whole numbers below `bound`, by Lemire's
    /// multiplication; the bias is below 2⁻⁴⁰ for any number of particles.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Puts items in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Two independent numbers of mean 0 and variance 1, by Marsaglia's polar
    /// method.
    #[inline]
    pub fn normal_pair(&mut self) -> [f64; 2] {
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                return [x * factor, y * factor];
            }
        }
    }

    /// Calls `place` with a normal number for each component of each vector.
    #[inline]
    pub fn for_each_normal(
        &mut self,
        vectors: &mut [super::Vector],
        mut place: impl FnMut(&mut f64, f64),
    ) {
        let mut components = vectors.as_flattened_mut().chunks_exact_mut(2);
        for pair in &mut components {
            let normal = self.normal_pair();
            place(&mut pair[0], normal[0]);
            place(&mut pair[1], normal[1]);
        }
        if let [last] = components.into_remainder() {
            place(last, self.normal_pair()[0]);
        }
    }
}
