//! Temperature and energies over time.

use super::canvas::{Canvas, INK};
use super::panel::{Mark, Panel, WIDTH, frame};
use super::scale::round_range;
use super::{COLOURS, caption};
use crate::simulation::{Simulation, ThermodynamicSeries};

const HEIGHT: f64 = 800.0;
const TIME: &str = "time (τ)";

/// Temperature with its set point, and energies per particle.
#[must_use]
pub fn thermodynamics(simulation: &Simulation) -> String {
    let title = "Temperature and energy";
    let mut canvas = Canvas::new(
        WIDTH,
        HEIGHT,
        title,
        "Above, the kinetic temperature and its set point over time; below, energies per particle.",
    );
    frame(
        &mut canvas,
        title,
        &[
            &caption(simulation.params()),
            "1 ε = k · 300 K with Boltzmann's constant k; τ is the time that a particle of thermal speed at 300 K takes for \
             its own diameter σ.",
        ],
        HEIGHT,
    );
    let series = &simulation.record().series;
    temperature(&mut canvas, simulation, series);
    energies(&mut canvas, simulation, series);
    canvas.finish()
}

fn temperature(canvas: &mut Canvas, simulation: &Simulation, series: &ThermodynamicSeries) {
    let set_point = simulation.params().temperature;
    // Width of the canonical distribution of the kinetic temperature.
    let spread = set_point * (2.0 / (3.0 * simulation.params().num_particles as f64)).sqrt();
    let end = last(&series.time);
    let band = [set_point - 2.0 * spread, set_point + 2.0 * spread];
    let mut axes = Panel {
        heading: "Kinetic temperature",
        x_label: TIME,
        y_label: "temperature (K)",
        x_range: (0.0, end),
        y_range: round_range(series.temperature.iter().copied().chain(band)),
        rows: (104.0, 344.0),
    }
    .draw(canvas);
    let outline = [
        (0.0, band[0]),
        (end, band[0]),
        (end, band[1]),
        (0.0, band[1]),
    ];
    axes.area(outline, "#f3dfc1", 0.7);
    axes.line(points(series, &series.temperature), COLOURS[0]);
    axes.dashes([(0.0, set_point), (end, set_point)], COLOURS[1]);

    axes.legend(Mark::Line, COLOURS[0], "measured");
    axes.legend(
        Mark::Dashes,
        COLOURS[1],
        &format!("set point {set_point} K"),
    );
    axes.legend(Mark::Area, "#f7e9d3", "95 % expected");
    let mean = series.temperature.iter().sum::<f64>() / series.temperature.len() as f64;
    axes.note(&format!("mean {mean:.1} K"));
}

fn energies(canvas: &mut Canvas, simulation: &Simulation, series: &ThermodynamicSeries) {
    let particles = simulation.params().num_particles as f64;
    let per_particle =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value / particles).collect() };
    let kinetic = per_particle(&series.kinetic);
    let repulsion = per_particle(&series.repulsion);
    let strain = per_particle(&series.bond_strain);
    let binding: Vec<f64> = per_particle(&series.binding)
        .iter()
        .map(|energy| -energy)
        .collect();
    let total: Vec<f64> = (0..kinetic.len())
        .map(|sample| kinetic[sample] + repulsion[sample] + strain[sample] + binding[sample])
        .collect();
    let lines = [
        ("kinetic", &kinetic, COLOURS[0]),
        ("bond strain", &strain, COLOURS[4]),
        ("repulsion", &repulsion, COLOURS[3]),
        ("binding", &binding, COLOURS[2]),
        ("total", &total, INK),
    ];
    let mut axes = Panel {
        heading: "Energy per particle",
        x_label: TIME,
        y_label: "energy (ε per particle)",
        x_range: (0.0, last(&series.time)),
        y_range: round_range(lines.iter().flat_map(|line| line.1.iter().copied())),
        rows: (440.0, 680.0),
    }
    .draw(canvas);
    for (name, values, colour) in lines {
        axes.line(points(series, values), colour);
        axes.legend(Mark::Line, colour, name);
    }
}

fn points(series: &ThermodynamicSeries, values: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    series.time.iter().copied().zip(values.iter().copied())
}

fn last(values: &[f64]) -> f64 {
    values.last().copied().unwrap_or(1.0)
}
