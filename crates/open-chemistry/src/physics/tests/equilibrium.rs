//! Bonds: what equilibrium they reach, and what they never do.

use super::super::integrator::Integrator;
use super::super::potential::{bond_strain, repulsion};
use super::super::reactions::{BARRIER, Chemistry, ReactionKind};
use super::super::{Species, units};
use super::{gas, gas_of};

/// Number of bonds at regular times, after some time to settle.
fn bond_counts(
    species: Vec<Species>,
    density: f64,
    temperature: f64,
    chemistry: Chemistry,
    samples: usize,
    seed: u64,
) -> Vec<f64> {
    let (mut system, mut forces, mut random) = gas_of(species, density, temperature, seed);
    let time_step = units::time_step(temperature);
    let integrator = Integrator::langevin(time_step, temperature, units::FRICTION);
    let mut counts = Vec::with_capacity(samples);
    for step in 0..10 * (samples + samples / 20) {
        integrator.step(&mut system, &mut forces, &mut random);
        chemistry.sweep(&mut system, &forces, &mut random, |_| {});
        if step.is_multiple_of(10) {
            counts.push(system.bonds.count() as f64);
        }
    }
    counts.split_off(samples / 20)
}

/// Mean, and its standard error from the scatter of the means of 20 blocks.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let blocks: Vec<f64> = values
        .chunks_exact(values.len() / 20)
        .map(mean_of)
        .collect();
    let mean = mean_of(&blocks);
    let scatter = blocks
        .iter()
        .map(|block| (block - mean).powi(2))
        .sum::<f64>();
    let count = blocks.len() as f64;
    (mean, (scatter / (count - 1.0) / count).sqrt())
}

/// Probability that the only two particles, both A, are bonded: the ratio of
/// the integrals of the Boltzmann factor over their separation.
fn exact_bonded_probability(volume: f64, temperature: f64) -> f64 {
    const SLICES: usize = 20_000;
    const END: f64 = 2.0;
    let width = END / SLICES as f64;
    let (mut bonded, mut excluded) = (0.0, 0.0);
    for slice in 0..SLICES {
        let distance = (slice as f64 + 0.5) * width;
        let shell = 4.0 * std::f64::consts::PI * distance * distance * width;
        let repulsion = repulsion(distance * distance).energy;
        let strain = bond_strain(distance * distance).energy;
        bonded += shell * (-(repulsion + strain) / temperature).exp();
        excluded += shell * (1.0 - (-repulsion / temperature).exp());
    }
    bonded *= (Species::A.bond_energy(Species::A) / temperature).exp();
    bonded / (bonded + volume - excluded)
}

#[test]
fn a_pair_is_bonded_as_often_as_statistical_mechanics_says() {
    // A box of side 4: both particles fit at any separation that matters.
    let volume = 64.0;
    for temperature in [1.5, 2.5] {
        let chemistry = Chemistry {
            attempt_probability: 0.5,
            ..Chemistry::new(temperature, 0.005)
        };
        let species = vec![Species::A; 2];
        let counts = bond_counts(species, 2.0 / volume, temperature, chemistry, 250_000, 9);
        let (mean, error) = mean_and_error(&counts);
        let exact = exact_bonded_probability(volume, temperature);
        assert!(error < 0.02, "the test is too weak: standard error {error}");
        assert!(
            (mean - exact).abs() < 4.0 * error,
            "at {temperature}: {mean} ± {error} instead of {exact}"
        );
    }
}

#[test]
fn a_catalyst_changes_the_speed_but_not_the_equilibrium() {
    use Species::{A, B, C};
    let species = vec![A, A, A, A, A, B, B, C, C, C];
    let temperature = 2.0;
    let mean_with = |catalysed_barrier: f64| {
        let chemistry = Chemistry {
            attempt_probability: 0.5,
            catalysed_barrier,
            ..Chemistry::new(temperature, 0.005)
        };
        let counts = bond_counts(species.clone(), 0.3, temperature, chemistry, 30_000, 10);
        mean_and_error(&counts)
    };
    let (without, error_without) = mean_with(BARRIER);
    let (with, error_with) = mean_with(0.0);
    let error = error_without.hypot(error_with);
    assert!(error < 0.08, "the test is too weak: standard error {error}");
    assert!(
        (with - without).abs() < 4.0 * error,
        "{with} and {without} ± {error} bonds"
    );

    let reactions = |catalysed_barrier: f64| {
        let (mut system, forces, mut random) = gas(400, 0.4, 1.0, 11);
        let chemistry = Chemistry {
            catalysed_barrier,
            ..Chemistry::new(1.0, 0.005)
        };
        let mut count = 0;
        for _ in 0..200 {
            chemistry.sweep(&mut system, &forces, &mut random, |_| count += 1);
        }
        count
    };
    assert!(reactions(0.0) > reactions(BARRIER));
}

#[test]
fn a_catalyst_is_always_another_molecule() {
    use Species::{A, B, C};
    let catalysed = |species: Vec<Species>| {
        let (mut system, mut forces, mut random) = gas_of(species, 0.4, 1.5, 13);
        let integrator = Integrator::langevin(0.004, 1.5, units::FRICTION);
        let chemistry = Chemistry {
            attempt_probability: 1.0,
            ..Chemistry::new(1.5, 0.004)
        };
        let (mut with, mut all) = (0, 0);
        for _ in 0..40_000 {
            integrator.step(&mut system, &mut forces, &mut random);
            chemistry.sweep(&mut system, &forces, &mut random, |reaction| {
                all += 1;
                with += u32::from(reaction.catalyst.is_some());
            });
        }
        assert!(all > 100, "{all} reactions");
        with
    };
    // Of three particles, a bonded C and any two that react make one molecule.
    assert_eq!(catalysed(vec![A, B, C]), 0);
    assert!(catalysed(vec![A, A, B, C]) > 0);
}

#[test]
fn reactions_respect_valences_and_say_what_they_did() {
    let (mut system, mut forces, mut random) = gas(300, 0.4, 1.5, 12);
    let integrator = Integrator::langevin(0.004, 1.5, units::FRICTION);
    let chemistry = Chemistry {
        attempt_probability: 1.0,
        ..Chemistry::new(1.5, 0.004)
    };
    let mut seen = [0; ReactionKind::ALL.len()];
    let mut bonds = 0_usize;
    for _ in 0..6_000 {
        integrator.step(&mut system, &mut forces, &mut random);
        chemistry.sweep(&mut system, &forces, &mut random, |reaction| {
            seen[reaction.kind.code()] += 1;
            bonds = if reaction.kind.forms_bond() {
                bonds + 1
            } else {
                bonds - 1
            };
            let total = |side: [Option<super::Formula>; 2]| -> [u32; 3] {
                Species::ALL.map(|species| side.iter().flatten().map(|f| f.count(species)).sum())
            };
            assert_eq!(
                total(reaction.reactants),
                total(reaction.products),
                "{reaction:?}"
            );
            assert_eq!(
                (
                    reaction.reactants[1].is_some(),
                    reaction.products[1].is_some()
                ),
                (
                    reaction.kind == ReactionKind::Association,
                    reaction.kind == ReactionKind::Dissociation
                )
            );
        });
    }
    assert!(seen.iter().all(|&count| count > 0), "{seen:?}");
    assert_eq!(system.bonds.count(), bonds);
    assert_eq!(system.bonds.iter().count(), bonds);
    for particle in 0..system.len() {
        assert!(system.bonds.degree(particle) <= system.species[particle].valence());
        for partner in system.bonds.partners(particle) {
            assert!(system.bonds.contains(partner, particle));
        }
    }
}
