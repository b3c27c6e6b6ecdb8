//! Who is bonded to whom.

use serde::{Deserialize, Serialize};

use super::Species;

/// The bonds of all particles. Both ends know of a bond, and no particle has
/// more than its valence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bonds {
    partners: Vec<Partners>,
    count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Partners {
    slots: [u32; Species::MAX_VALENCE],
    used: u8,
}

impl Bonds {
    /// No bond among so many particles.
    #[must_use]
    pub fn none(particles: usize) -> Self {
        Self {
            partners: vec![Partners::default(); particles],
            count: 0,
        }
    }

    /// Number of bonds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The partners of a particle.
    pub fn partners(&self, particle: usize) -> impl ExactSizeIterator<Item = usize> + '_ {
        let Partners { slots, used } = &self.partners[particle];
        slots[..usize::from(*used)]
            .iter()
            .map(|&partner| partner as usize)
    }

    /// Number of bonds of a particle.
    #[must_use]
    pub fn degree(&self, particle: usize) -> usize {
        usize::from(self.partners[particle].used)
    }

    /// Whether two particles are bonded.
    #[must_use]
    pub fn contains(&self, first: usize, second: usize) -> bool {
        self.partners(first).any(|partner| partner == second)
    }

    /// Every bond once, the particle of the lower number first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.partners.len()).flat_map(|first| {
            self.partners(first)
                .filter(move |&second| first < second)
                .map(move |second| (first, second))
        })
    }

    /// Adds a bond. Both ends must have a place left, and no bond yet.
    pub fn form(&mut self, first: usize, second: usize) {
        debug_assert!(first != second && !self.contains(first, second));
        for (particle, partner) in [(first, second), (second, first)] {
            let Partners { slots, used } = &mut self.partners[particle];
            slots[usize::from(*used)] = partner as u32;
            *used += 1;
        }
        self.count += 1;
    }

    /// Takes away a bond that exists.
    pub fn break_up(&mut self, first: usize, second: usize) {
        for (particle, partner) in [(first, second), (second, first)] {
            let Partners { slots, used } = &mut self.partners[particle];
            let last = usize::from(*used) - 1;
            let at = slots[..=last]
                .iter()
                .position(|&slot| slot == partner as u32)
                .expect("both ends know of a bond");
            slots.swap(at, last);
            *used -= 1;
        }
        self.count -= 1;
    }

    /// The particles that hang together with `particle`, itself first.
    #[must_use]
    pub fn molecule_of(&self, particle: usize) -> Vec<usize> {
        let mut members = vec![particle];
        let mut seen = std::collections::HashSet::from([particle]);
        let mut next = 0;
        while let Some(&member) = members.get(next) {
            members.extend(
                self.partners(member)
                    .filter(|&partner| seen.insert(partner)),
            );
            next += 1;
        }
        members
    }

    /// All molecules, each as the list of its particles.
    #[must_use]
    pub fn molecules(&self) -> Vec<Vec<usize>> {
        let mut counted = vec![false; self.partners.len()];
        let mut molecules = Vec::new();
        for particle in 0..self.partners.len() {
            if !counted[particle] {
                let members = self.molecule_of(particle);
                for &member in &members {
                    counted[member] = true;
                }
                molecules.push(members);
            }
        }
        molecules
    }
}
