//! The neighbour search and the forces that rest on it.

use super::super::Vector;
use super::super::cell_list::CellList;
use super::super::periodic_box::PeriodicBox;
use super::super::random::Random;
use super::super::reactions::Chemistry;
use super::gas;

fn random_positions(count: usize, periodic_box: PeriodicBox, random: &mut Random) -> Vec<Vector> {
    (0..count)
        .map(|_| std::array::from_fn(|_| random.uniform() * periodic_box.side()))
        .collect()
}

#[test]
fn cells_find_the_pairs_that_a_look_at_all_pairs_finds() {
    const REACH: f64 = 1.35;
    let mut random = Random::seeded(2);
    // Boxes of one cell, of three, of four and of seven per side.
    for (count, density) in [(12, 0.3), (30, 0.3), (70, 0.3), (300, 0.3), (60, 0.01)] {
        let periodic_box = PeriodicBox::holding(count, density);
        let positions = random_positions(count, periodic_box, &mut random);
        let near = |one: usize, other: usize| {
            periodic_box.distance_squared(&positions[one], &positions[other]) < REACH * REACH
        };
        let mut expected: Vec<(usize, usize)> = (0..count)
            .flat_map(|one| (one + 1..count).map(move |other| (one, other)))
            .filter(|&(one, other)| near(one, other))
            .collect();
        expected.sort_unstable();

        let mut cells = CellList::new(periodic_box, REACH);
        cells.rebuild(&positions);
        let mut found = Vec::new();
        cells.for_each_close_pair(|one, other, _, _| found.push((one.min(other), one.max(other))));
        found.sort_unstable();
        assert_eq!(found, expected, "{count} particles");

        for (particle, position) in positions.iter().enumerate() {
            let mut around: Vec<usize> = cells.near(position).collect();
            around.sort_unstable();
            let expected: Vec<usize> = (0..count).filter(|&other| near(particle, other)).collect();
            assert_eq!(around, expected, "around particle {particle} of {count}");
        }
    }
}

#[test]
fn cost_grows_linearly_with_the_number_of_particles() {
    let evaluations_per_particle = |particles: usize| {
        let (mut system, mut forces, mut random) = gas(particles, 0.3, 1.0, 3);
        system.positions = random_positions(particles, system.periodic_box, &mut random);
        forces.apply(&mut system).pair_evaluations as f64 / particles as f64
    };
    let small = evaluations_per_particle(1_000);
    // Cells are a little larger than the reach, by how much depends on the box.
    for particles in [4_000, 16_000, 64_000] {
        let large = evaluations_per_particle(particles);
        assert!(
            large < 1.25 * small,
            "{small:.1} pairs per particle of 1,000, {large:.1} of {particles}"
        );
    }
}

#[test]
fn forces_are_the_downhill_slope_of_the_energy() {
    const STEP: f64 = 1e-6;
    let (mut system, mut field, mut random) = gas(60, 0.4, 1.0, 4);
    let chemistry = Chemistry {
        attempt_probability: 1.0,
        ..Chemistry::new(1.0, 0.005)
    };
    for _ in 0..200 {
        chemistry.sweep(&mut system, &field, &mut random, |_| {});
    }
    assert!(system.bonds.count() > 5);
    field.apply(&mut system);
    let forces = system.forces.clone();
    for (particle, force) in forces.iter().enumerate() {
        for (axis, force) in force.iter().enumerate() {
            let mut energy_at = |offset: f64| {
                let mut moved = system.clone();
                moved.positions[particle][axis] += offset;
                moved.periodic_box.wrap(&mut moved.positions[particle]);
                let potential = field.apply(&mut moved);
                potential.repulsion + potential.bond_strain
            };
            let slope = (energy_at(STEP) - energy_at(-STEP)) / (2.0 * STEP);
            assert!(
                (force + slope).abs() < 1e-4 * (1.0 + force.abs()),
                "{force} against {slope}"
            );
        }
    }
}

#[test]
fn forces_that_are_kept_up_to_date_by_reactions_are_those_computed_anew() {
    let (mut system, mut field, mut random) = gas(200, 0.4, 1.0, 5);
    let chemistry = Chemistry {
        attempt_probability: 1.0,
        ..Chemistry::new(1.0, 0.005)
    };
    let mut reactions = 0;
    for _ in 0..300 {
        chemistry.sweep(&mut system, &field, &mut random, |_| reactions += 1);
    }
    assert!(reactions > 50);
    let kept = system.forces.clone();
    field.apply(&mut system);
    let largest = kept
        .as_flattened()
        .iter()
        .zip(system.forces.as_flattened())
        .map(|(kept, anew)| (kept - anew).abs())
        .fold(0.0, f64::max);
    assert!(largest < 1e-9, "{largest}");
}
