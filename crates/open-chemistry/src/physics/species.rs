//! The three species, their valences and the strength of their bonds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Number of species.
pub const SPECIES_COUNT: usize = 3;

/// A kind of particle. All have the same size and mass; they differ in how
/// many bonds they can have, and in how strong those are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Species {
    /// One bond: ends a chain.
    A,
    /// Two bonds: makes a chain longer.
    B,
    /// Three bonds: branches a chain. A bonded C is a catalyst.
    C,
}

/// Bond energies in ε, by the species of both ends.
const BOND_ENERGIES: [[f64; SPECIES_COUNT]; SPECIES_COUNT] =
    [[4.0, 5.5, 5.0], [5.5, 5.0, 6.5], [5.0, 6.5, 4.5]];

impl Species {
    /// All species, in the order of their codes in result files.
    pub const ALL: [Self; SPECIES_COUNT] = [Self::A, Self::B, Self::C];

    /// Greatest number of bonds of any species.
    pub const MAX_VALENCE: usize = 3;

    /// One letter.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// Greatest number of bonds of this species.
    #[must_use]
    pub const fn valence(self) -> usize {
        match self {
            Self::A => 1,
            Self::B => 2,
            Self::C => 3,
        }
    }

    /// Position in [`Species::ALL`].
    #[must_use]
    pub const fn code(self) -> usize {
        self as usize
    }

    /// Energy set free by a bond between two particles, in ε.
    #[must_use]
    pub const fn bond_energy(self, other: Self) -> f64 {
        BOND_ENERGIES[self.code()][other.code()]
    }

    /// Share of this species among all particles. With these shares and
    /// valences the mean-field gel point of Flory and Stockmayer,
    /// Σf / Σf(f−1), lies above full conversion: molecules stay finite.
    const fn share(self) -> f64 {
        match self {
            Self::A => 0.60,
            Self::B => 0.25,
            Self::C => 0.15,
        }
    }

    /// How many particles of each species there are among `total`.
    #[must_use]
    pub fn counts_among(total: usize) -> [usize; SPECIES_COUNT] {
        let of = |species: Self| (species.share() * total as f64).round() as usize;
        let (b, c) = (of(Self::B), of(Self::C));
        [total - b - c, b, c]
    }
}

/// Composition of a molecule, written as `A2B`: symbols in alphabetical order,
/// each with its number where that is more than one. Isomers share a formula.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Formula([u32; SPECIES_COUNT]);

impl Formula {
    /// The formula of one particle.
    #[must_use]
    pub fn of_particle(species: Species) -> Self {
        Self::of([species])
    }

    /// The formula of some particles.
    #[must_use]
    pub fn of(particles: impl IntoIterator<Item = Species>) -> Self {
        let mut formula = Self::default();
        for species in particles {
            formula.0[species.code()] += 1;
        }
        formula
    }

    /// Number of particles of one species.
    #[must_use]
    pub fn count(self, species: Species) -> u32 {
        self.0[species.code()]
    }

    /// Number of particles of all species.
    #[must_use]
    pub fn size(self) -> u32 {
        self.0.iter().sum()
    }

    /// Reads what [`fmt::Display`] writes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut formula = Self::default();
        let mut rest = text;
        for species in Species::ALL {
            let Some(tail) = rest.strip_prefix(species.symbol()) else {
                continue;
            };
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = tail.split_at(digits);
            formula.0[species.code()] = if number.is_empty() {
                1
            } else {
                number.parse().ok()?
            };
            rest = tail;
        }
        (rest.is_empty() && formula.to_string() == text).then_some(formula)
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for species in Species::ALL {
            match self.count(species) {
                0 => {}
                1 => f.write_str(species.symbol())?,
                count => write!(f, "{}{count}", species.symbol())?,
            }
        }
        Ok(())
    }
}
