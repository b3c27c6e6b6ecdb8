//! Pictures: complete, and with ticks where a person would put them.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::scale::{Scale, round_range};
use super::{NetworkEdge, NetworkNode, molecules, network, thermodynamics};
use crate::params::SimulationParams;
use crate::simulation::progress::ProgressWriter;
use crate::simulation::{Host, Simulation};

fn labels(low: f64, high: f64) -> Vec<String> {
    Scale::new((low, high), (0.0, 100.0))
        .ticks(5)
        .into_iter()
        .map(|(_, label)| label)
        .collect()
}

#[test]
fn ticks_are_at_round_numbers() {
    assert_eq!(labels(0.0, 250.0), ["0", "50", "100", "150", "200", "250"]);
    assert_eq!(labels(-4.0, 2.0), ["−4", "−2", "0", "2"]);
    assert_eq!(
        labels(0.0, 0.005),
        ["0.000", "0.001", "0.002", "0.003", "0.004", "0.005"]
    );
    assert_eq!(
        labels(0.0, 10_000.0),
        ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]
    );
}

#[test]
fn a_range_holds_its_values_even_if_there_is_only_one() {
    for values in [vec![0.3, 97.0], vec![-5.5, -5.4], vec![300.0], vec![0.0]] {
        let (low, high) = round_range(values.iter().copied());
        assert!(
            values.iter().all(|value| (low..=high).contains(value)),
            "{low}..{high}"
        );
    }
    assert_eq!(round_range([]), (0.0, 1.0));
}

#[test]
fn pictures_of_a_run_say_what_they_show() {
    // A run so short that no bond forms, and a longer one.
    for steps in [1, 400] {
        let params = SimulationParams {
            num_particles: 100,
            temperature: 300.0,
            steps,
            seed: 1,
            density: 0.3,
        };
        let mut simulation = Simulation::new(params);
        let stop = AtomicBool::new(false);
        let mut host = Host {
            elapsed: || Duration::ZERO,
            stop: &stop,
            progress: ProgressWriter::silent(),
            checkpoints: None,
        };
        simulation.run(&mut host).expect("nothing is written");
        for picture in [thermodynamics(&simulation), molecules(&simulation)] {
            assert!(picture.starts_with("<svg xmlns=") && picture.ends_with("</svg>\n"));
            for said in ["<title>", "time (τ)", "100 particles", "at 300 K", "seed 1"] {
                assert!(picture.contains(said), "{said}");
            }
            assert!(!picture.contains("NaN") && !picture.contains("inf"));
        }
    }
}

#[test]
fn a_network_of_any_size_can_be_drawn_and_text_is_escaped() {
    let node = |name: &str| NetworkNode {
        name: name.to_owned(),
        weight: 1.0,
        highlighted: true,
    };
    let edge = |from, to| NetworkEdge {
        from,
        to,
        weight: 2.0,
        highlighted: false,
    };
    let empty = network("Nothing", &["caption"], &[], &[]);
    assert!(empty.contains("nothing to show"));
    let drawn = network(
        "A & B",
        &["1 < 2"],
        &[node("A"), node("B")],
        &[edge(0, 1), edge(1, 1)],
    );
    assert!(drawn.contains("A &amp; B") && drawn.contains("1 &lt; 2"));
    assert!(!drawn.contains("NaN"));
}
