//! What the model promises, tested on small systems.

mod dynamics;
mod equilibrium;
mod neighbours;

use super::Species;
use super::forces::ForceField;
use super::random::Random;
use super::system::System;
use super::{Formula, potential};

/// A gas with the usual shares of the species, forces computed.
fn gas(
    particles: usize,
    density: f64,
    temperature: f64,
    seed: u64,
) -> (System, ForceField, Random) {
    let counts = Species::counts_among(particles);
    let species = Species::ALL
        .into_iter()
        .flat_map(|species| std::iter::repeat_n(species, counts[species.code()]))
        .collect();
    gas_of(species, density, temperature, seed)
}

fn gas_of(
    species: Vec<Species>,
    density: f64,
    temperature: f64,
    seed: u64,
) -> (System, ForceField, Random) {
    let mut random = Random::seeded(seed);
    let mut system = System::gas_of(species, density, temperature, &mut random);
    let mut forces = ForceField::new(system.periodic_box);
    forces.apply(&mut system);
    (system, forces, random)
}

#[test]
fn formulas_are_written_and_read_back() {
    use Species::{A, B, C};
    for (particles, written) in [
        (vec![A], "A"),
        (vec![B, A, A], "A2B"),
        (vec![C; 12], "C12"),
        (vec![C, A], "AC"),
    ] {
        let formula = Formula::of(particles);
        assert_eq!(formula.to_string(), written);
        assert_eq!(Formula::parse(written), Some(formula));
    }
    for nonsense in ["", "BA", "A1", "A0", "D", "A2B ", "2A", "A02"] {
        let read = Formula::parse(nonsense).filter(|formula| formula.size() > 0);
        assert_eq!(read, None, "{nonsense:?}");
    }
}

#[test]
fn every_particle_has_a_species_whatever_the_number() {
    for total in 10..2000 {
        assert_eq!(Species::counts_among(total).iter().sum::<usize>(), total);
    }
    assert_eq!(Species::counts_among(1000), [600, 250, 150]);
}

#[test]
fn a_potential_ends_without_a_step_and_a_bond_rests_at_its_length() {
    let just_inside = potential::repulsion(potential::REPULSION_RANGE_SQUARED - 1e-9);
    assert!(just_inside.energy.abs() < 1e-9 && just_inside.force_over_distance.abs() < 1e-6);
    let at_rest = potential::bond_strain(potential::BOND_LENGTH.powi(2));
    assert!(at_rest.energy.abs() < 1e-12 && at_rest.force_over_distance.abs() < 1e-12);
}

#[test]
fn normal_numbers_have_the_moments_of_the_normal_distribution() {
    const COUNT: usize = 400_000;
    let mut random = Random::seeded(1);
    let numbers: Vec<f64> = (0..COUNT / 2).flat_map(|_| random.normal_pair()).collect();
    let moment = |power| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / COUNT as f64;
    let error = |variance: f64| 5.0 * (variance / COUNT as f64).sqrt();
    assert!(moment(1).abs() < error(1.0));
    assert!((moment(2) - 1.0).abs() < error(2.0));
    assert!(moment(3).abs() < error(15.0));
    assert!((moment(4) - 3.0).abs() < error(96.0));
}

#[test]
fn bonds_are_known_to_both_ends_and_forgotten_by_both() {
    let mut bonds = super::bonds::Bonds::none(4);
    bonds.form(0, 1);
    bonds.form(2, 1);
    bonds.form(1, 3);
    assert_eq!(bonds.count(), 3);
    assert_eq!(bonds.molecules().len(), 1);
    bonds.break_up(1, 0);
    assert!(!bonds.contains(0, 1) && !bonds.contains(1, 0));
    assert!(bonds.contains(1, 2) && bonds.contains(3, 1));
    assert_eq!(bonds.degree(1), 2);
    assert_eq!(bonds.molecule_of(0), [0]);
    assert_eq!(bonds.iter().collect::<Vec<_>>(), [(1, 3), (1, 2)]);
}
