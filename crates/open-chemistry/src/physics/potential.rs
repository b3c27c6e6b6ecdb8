//! The two potentials, as functions of the squared distance of a pair.
//!
//! All pairs repel by the Weeks–Chandler–Andersen potential, the repulsive
//! part of Lennard-Jones (J. D. Weeks, D. Chandler, H. C. Andersen, J. Chem.
//! Phys. 54, 5237, 1971). Bonded pairs are held by a harmonic spring as well.

/// Squared distance at which the repulsion ends: (2^⅙ σ)².
pub const REPULSION_RANGE_SQUARED: f64 = 1.259_921_049_894_873_2;

/// Length of a bond at rest, in σ.
pub const BOND_LENGTH: f64 = 1.1;

/// Stiffness of a bond, in ε/σ².
pub const BOND_STIFFNESS: f64 = 100.0;

/// Distance within which a bond can form or break, in σ.
pub const CAPTURE_RADIUS: f64 = 1.35;

/// An energy, and the factor by which the separation is multiplied to give
/// the force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// Energy in ε.
    pub energy: f64,
    /// Force divided by distance, in ε/σ²; positive pushes apart.
    pub force_over_distance: f64,
}

/// Repulsion of two particles.
#[must_use]
#[inline]
pub fn repulsion(distance_squared: f64) -> Interaction {
    if distance_squared >= REPULSION_RANGE_SQUARED {
        return Interaction {
            energy: 0.0,
            force_over_distance: 0.0,
        };
    }
    let inverse_squared = 1.0 / distance_squared;
    let inverse_sixth = inverse_squared * inverse_squared * inverse_squared;
    Interaction {
        energy: 4.0 * inverse_sixth * (inverse_sixth - 1.0) + 1.0,
        force_over_distance: 24.0 * inverse_squared * inverse_sixth * (2.0 * inverse_sixth - 1.0),
    }
}

/// Strain of a bond; its energy is zero at rest. What a bond sets free on
/// forming, [`Species::bond_energy`](super::Species::bond_energy), is not in it.
#[must_use]
#[inline]
pub fn bond_strain(distance_squared: f64) -> Interaction {
    let distance = distance_squared.sqrt();
    let stretch = distance - BOND_LENGTH;
    Interaction {
        energy: 0.5 * BOND_STIFFNESS * stretch * stretch,
        force_over_distance: -BOND_STIFFNESS * stretch / distance,
    }
}
