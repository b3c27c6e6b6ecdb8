//! A cubic box whose opposite faces are joined.

use serde::{Deserialize, Serialize};

use super::Vector;

/// The box, by the length of its sides in σ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PeriodicBox {
    side: f64,
}

impl PeriodicBox {
    /// The box that holds so many particles at a density in σ⁻³.
    #[must_use]
    pub fn holding(particles: usize, density: f64) -> Self {
        Self {
            side: libm::cbrt(particles as f64 / density),
        }
    }

    /// Length of a side, in σ.
    #[must_use]
    pub fn side(self) -> f64 {
        self.side
    }

    /// The vector from `to` back to `from`, over the nearest image.
    #[must_use]
    #[inline]
    pub fn separation(self, from: &Vector, to: &Vector) -> Vector {
        let half = 0.5 * self.side;
        std::array::from_fn(|axis| {
            let difference = from[axis] - to[axis];
            if difference > half {
                difference - self.side
            } else if difference < -half {
                difference + self.side
            } else {
                difference
            }
        })
    }

    /// Squared distance over the nearest image, in σ².
    #[must_use]
    #[inline]
    pub fn distance_squared(self, from: &Vector, to: &Vector) -> f64 {
        dot(&self.separation(from, to))
    }

    /// Brings back a position that has left the box by less than its side.
    #[inline]
    pub fn wrap(self, position: &mut Vector) {
        for coordinate in position {
            if *coordinate < 0.0 {
                *coordinate += self.side;
            }
            // Not `else if`: a tiny negative number plus the side rounds to the side.
            if *coordinate >= self.side {
                *coordinate -= self.side;
            }
        }
    }
}

/// Square of a vector's length.
#[inline]
pub(super) fn dot(vector: &Vector) -> f64 {
    vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]
}
