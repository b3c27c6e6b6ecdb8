//! Motion: the thermostat, conservation laws.

use super::super::integrator::Integrator;
use super::super::reactions::{Chemistry, SWEEP_INTERVAL};
use super::super::units;
use super::gas;

#[test]
fn the_mean_temperature_of_a_cold_gas_is_the_set_point() {
    assert_mean_temperature_is_the_set_point(30.0);
}

#[test]
fn the_mean_temperature_at_room_temperature_is_the_set_point() {
    assert_mean_temperature_is_the_set_point(300.0);
}

#[test]
fn the_mean_temperature_of_a_hot_gas_is_the_set_point() {
    assert_mean_temperature_is_the_set_point(2000.0);
}

fn assert_mean_temperature_is_the_set_point(kelvin: f64) {
    const PARTICLES: usize = 300;
    const SAMPLES: usize = 200;
    let set_point = units::reduced_temperature(kelvin);
    let time_step = units::time_step(set_point);
    let (mut system, mut forces, mut random) = gas(PARTICLES, 0.3, set_point, 6);
    let integrator = Integrator::langevin(time_step, set_point, units::FRICTION);
    let chemistry = Chemistry::new(set_point, time_step);
    // Velocities are forgotten at the rate of the friction, and their
    // squares twice as fast: samples one τ apart have a correlation of e⁻².
    let between = (1.0 / time_step) as u64;
    let mut sum = 0.0;
    for sample in 0..10 + SAMPLES {
        for step in 1..=between {
            integrator.step(&mut system, &mut forces, &mut random);
            if step.is_multiple_of(SWEEP_INTERVAL) {
                chemistry.sweep(&mut system, &forces, &mut random, |_| {});
            }
        }
        if sample >= 10 {
            sum += system.kinetic_temperature();
        }
    }
    let mean = sum / SAMPLES as f64;
    // The kinetic temperature of 3N degrees of freedom has a variance of
    // 2T²/3N; correlation e⁻² makes (1 + e⁻²)/(1 − e⁻²) = 1.31 of it.
    let degrees = (3 * PARTICLES) as f64;
    let error = set_point * (1.31 * 2.0 / degrees / SAMPLES as f64).sqrt();
    // BAOAB damps the kinetic temperature of a vibration by (ω·Δt)²/4,
    // 0.13 % for a bond; bonds are a third of all degrees of freedom.
    let bias = 0.0013 * set_point;
    assert!(
        (mean - set_point).abs() < 4.0 * error + bias,
        "{} K instead of {kelvin} K",
        units::kelvin(mean)
    );
}

#[test]
fn without_thermostat_energy_and_momentum_are_conserved() {
    let (mut system, mut forces, mut random) = gas(300, 0.3, 1.0, 7);
    let thermostat = Integrator::langevin(units::TIME_STEP, 1.0, units::FRICTION);
    let chemistry = Chemistry::new(1.0, units::TIME_STEP);
    for step in 1_u64..=4_000 {
        thermostat.step(&mut system, &mut forces, &mut random);
        if step.is_multiple_of(SWEEP_INTERVAL) {
            chemistry.sweep(&mut system, &forces, &mut random, |_| {});
        }
    }
    assert!(system.bonds.count() > 100, "{} bonds", system.bonds.count());

    // From here on bonds are frozen.
    let momentum = |system: &super::System| -> [f64; 3] {
        std::array::from_fn(|axis| system.velocities.iter().map(|v| v[axis]).sum())
    };
    let integrator = Integrator::microcanonical(units::TIME_STEP);
    let momentum_before = momentum(&system);
    let potential = forces.apply(&mut system);
    let before = system.kinetic_energy() + potential.repulsion + potential.bond_strain;
    let mut drift = Vec::new();
    for _ in 0..20_000 {
        let potential = integrator.step(&mut system, &mut forces, &mut random);
        let energy = system.kinetic_energy() + potential.repulsion + potential.bond_strain;
        drift.push((energy - before) / before);
    }
    let largest = drift.iter().map(|part| part.abs()).fold(0.0, f64::max);
    assert!(largest < 0.01, "energy strayed by a part of {largest}");
    let tail = &drift[drift.len() - 1000..];
    let mean = tail.iter().sum::<f64>() / tail.len() as f64;
    assert!(mean.abs() < 0.002, "energy drifted by a part of {mean}");
    for (before, after) in momentum_before.iter().zip(momentum(&system)) {
        assert!((before - after).abs() < 1e-9, "{before} became {after}");
    }
}

#[test]
fn particles_stay_in_the_box() {
    let (mut system, mut forces, mut random) = gas(50, 0.3, 10.0, 8);
    let integrator = Integrator::langevin(units::time_step(10.0), 10.0, units::FRICTION);
    for _ in 0..5_000 {
        integrator.step(&mut system, &mut forces, &mut random);
        let side = system.periodic_box.side();
        let inside = |coordinate: &f64| (0.0..side).contains(coordinate);
        assert!(system.positions.as_flattened().iter().all(inside));
    }
}
