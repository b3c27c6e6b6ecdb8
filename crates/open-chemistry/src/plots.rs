//! Pictures that explain themselves, as SVG: title, axes with units, legend,
//! and a caption with the params. No font is needed to make them; text is laid
//! out by the program that shows them.

mod canvas;
mod molecules;
mod network;
mod panel;
mod scale;
mod thermodynamics;

pub use molecules::molecules;
pub use network::{NetworkEdge, NetworkNode, network};
pub use thermodynamics::thermodynamics;

use crate::params::SimulationParams;
use crate::simulation::progress::grouped;

/// Colours that stay apart in every common kind of colour blindness, after
/// M. Okabe and K. Ito.
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c8c8c",
];

/// The line under a run's pictures.
fn caption(params: &SimulationParams) -> String {
    format!(
        "{} particles (60 % A, 25 % B, 15 % C) at {} K, {} steps, density {} σ⁻³, seed {}",
        grouped(params.num_particles as u64),
        params.temperature,
        grouped(params.steps),
        params.density,
        params.seed,
    )
}

#[cfg(test)]
mod tests;
