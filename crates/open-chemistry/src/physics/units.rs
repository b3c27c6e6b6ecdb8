//! Reduced units and kelvin.
//!
//! The energy unit is fixed by ε = k_B · 300 K (2.494 kJ/mol), so a reduced
//! temperature of 1 is room temperature. With σ = 0.34 nm and m = 40 u, a
//! particle about as large and as heavy as an argon atom, τ is 1.36 ps; no
//! result depends on that second choice.

/// The temperature, in kelvin, at which k_B·T equals ε.
pub const KELVIN_PER_REDUCED_TEMPERATURE: f64 = 300.0;

/// Time step at and below room temperature, in τ. The fastest motion, a bond's
/// vibration, has a period of 0.44 τ: 89 steps.
pub const TIME_STEP: f64 = 0.005;

/// Friction of the Langevin thermostat, in τ⁻¹: velocities are forgotten
/// after about one τ.
pub const FRICTION: f64 = 1.0;

/// Reduced temperature of a temperature in kelvin.
#[must_use]
pub fn reduced_temperature(kelvin: f64) -> f64 {
    kelvin / KELVIN_PER_REDUCED_TEMPERATURE
}

/// Kelvin of a reduced temperature.
#[must_use]
pub fn kelvin(reduced_temperature: f64) -> f64 {
    reduced_temperature * KELVIN_PER_REDUCED_TEMPERATURE
}

/// The time step at a reduced temperature, in τ. Above room temperature it
/// shrinks as thermal speed grows, so that a particle covers the same part of
/// its diameter in a step and collisions stay resolved.
#[must_use]
pub fn time_step(reduced_temperature: f64) -> f64 {
    TIME_STEP / reduced_temperature.max(1.0).sqrt()
}
