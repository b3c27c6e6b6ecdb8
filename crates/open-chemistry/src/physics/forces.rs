//! Forces and potential energy.

use super::Vector;
use super::cell_list::CellList;
use super::periodic_box::PeriodicBox;
use super::potential::{CAPTURE_RADIUS, REPULSION_RANGE_SQUARED, bond_strain, repulsion};
use super::system::System;

/// Computes forces; holds the neighbour search, which is work space and not
/// part of the state.
#[derive(Debug, Clone)]
pub struct ForceField {
    /// Close pairs at the positions of the last computation.
    pub cells: CellList,
}

/// What one computation of the forces found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Potential {
    /// Energy of repulsion between all pairs, in ε.
    pub repulsion: f64,
    /// Strain of all bonds, in ε.
    pub bond_strain: f64,
    /// How many pairs were looked at.
    pub pair_evaluations: u64,
}

impl ForceField {
    /// A force field for a box.
    #[must_use]
    pub fn new(periodic_box: PeriodicBox) -> Self {
        Self {
            cells: CellList::new(periodic_box, CAPTURE_RADIUS),
        }
    }

    /// Sets the system's forces to those at its positions and bonds.
    pub fn apply(&mut self, system: &mut System) -> Potential {
        let forces = &mut system.forces;
        forces.fill([0.0; 3]);
        let mut potential = Potential::default();

        self.cells.rebuild(&system.positions);
        potential.pair_evaluations =
            self.cells
                .for_each_close_pair(|first, second, separation, distance_squared| {
                    if distance_squared < REPULSION_RANGE_SQUARED {
                        let pair = repulsion(distance_squared);
                        potential.repulsion += pair.energy;
                        push_apart(forces, first, second, separation, pair.force_over_distance);
                    }
                });

        for (first, second) in system.bonds.iter() {
            potential.bond_strain += strain(
                forces,
                &system.positions,
                system.periodic_box,
                first,
                second,
                1.0,
            );
        }
        potential
    }

    /// Adds the force of a bond just formed (`sign` 1) or takes away that of
    /// one just broken (`sign` −1).
    pub fn change_bond(system: &mut System, first: usize, second: usize, sign: f64) {
        let System {
            forces,
            positions,
            periodic_box,
            ..
        } = system;
        strain(forces, positions, *periodic_box, first, second, sign);
    }
}

fn strain(
    forces: &mut [Vector],
    positions: &[Vector],
    periodic_box: PeriodicBox,
    first: usize,
    second: usize,
    sign: f64,
) -> f64 {
    let separation = periodic_box.separation(&positions[first], &positions[second]);
    let bond = bond_strain(super::periodic_box::dot(&separation));
    push_apart(
        forces,
        first,
        second,
        &separation,
        sign * bond.force_over_distance,
    );
    bond.energy
}

#[inline]
fn push_apart(
    forces: &mut [Vector],
    first: usize,
    second: usize,
    separation: &Vector,
    force_over_distance: f64,
) {
    for axis in 0..3 {
        let component = force_over_distance * separation[axis];
        forces[first][axis] += component;
        forces[second][axis] -= component;
    }
}
