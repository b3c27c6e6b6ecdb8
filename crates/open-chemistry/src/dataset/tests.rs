//! Datasets: what goes in, in what order, and what is refused.

use std::collections::BTreeSet;

use super::autocatalysis::{Autocatalysis, cycles};
use super::novelty::{Novelty, novelty};
use super::trajectories::Trajectories;
use super::{Collected, Collector};
use crate::params::Filters;
use crate::physics::reactions::ReactionKind;
use crate::physics::{Formula, Species};
use crate::results::hdf5::{MoleculeRow, ReactionRow, RunResults};

fn formula(text: &str) -> Formula {
    Formula::parse(text).expect("a formula")
}

fn association(
    step: u64,
    reactants: [&str; 2],
    product: &str,
    catalyst: Option<&str>,
) -> ReactionRow {
    ReactionRow {
        step,
        kind: ReactionKind::Association,
        particles: [1, 2],
        reactants: reactants.map(formula).to_vec(),
        products: vec![formula(product)],
        catalyst: catalyst.map(formula),
        bond_energy: 4.0,
    }
}

fn molecule(text: &str, formed: u64, first_step: u64) -> MoleculeRow {
    MoleculeRow {
        formula: formula(text),
        count: 1,
        peak_count: formed,
        first_step,
        formed,
    }
}

fn run(molecules: Vec<MoleculeRow>, reactions: Vec<ReactionRow>) -> RunResults {
    RunResults {
        params: serde_json::Value::Null,
        time_step: 0.005,
        particles: 10,
        molecules,
        reactions,
        unlisted_reactions: 0,
    }
}

fn collected(mut collector: impl Collector + 'static, runs: &[RunResults]) -> Collected {
    for (number, results) in runs.iter().enumerate() {
        collector.add(&format!("job_{number}"), results);
    }
    Box::new(collector).finish()
}

/// The values of a column, as JSON text.
fn column(collected: &Collected, name: &str) -> Vec<String> {
    let table = &collected.table;
    let column = table
        .columns()
        .iter()
        .find(|column| column.name == name)
        .expect("a column");
    (0..table.rows())
        .map(|row| column.values.json(row).to_string())
        .collect()
}

fn cycle_names(edges: &[(&str, &str)]) -> Vec<BTreeSet<String>> {
    cycles(edges.iter().map(|&(from, to)| (formula(from), formula(to))))
        .into_iter()
        .map(|members| members.iter().map(Formula::to_string).collect())
        .collect()
}

#[test]
fn cycles_are_paths_that_lead_back() {
    let set = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert!(cycle_names(&[("A", "B"), ("B", "C"), ("A", "C")]).is_empty());
    assert_eq!(cycle_names(&[("A", "A"), ("A", "B")]), [set(&["A"])]);
    assert_eq!(
        cycle_names(&[
            ("A", "B"),
            ("B", "C"),
            ("C", "A"),
            ("C", "A2"),
            ("A2", "A2"),
            ("B2", "A")
        ]),
        [set(&["A", "B", "C"]), set(&["A2"])]
    );
}

#[test]
fn the_network_has_a_row_per_catalyst_and_product() {
    let first = run(
        vec![],
        vec![
            association(1, ["A", "C"], "AC", None),
            association(2, ["A", "C"], "AC", Some("AC")),
            association(3, ["A", "B"], "AB", Some("AC")),
        ],
    );
    let second = run(vec![], vec![association(9, ["A", "C"], "AC", Some("AC"))]);
    let network = collected(Autocatalysis::new(Filters::default()), &[first, second]);
    assert_eq!(column(&network, "catalyst"), ["\"AC\"", "\"AC\""]);
    assert_eq!(column(&network, "product"), ["\"AC\"", "\"AB\""]);
    assert_eq!(column(&network, "events"), ["2", "1"]);
    assert_eq!(column(&network, "runs"), ["2", "1"]);
    assert_eq!(column(&network, "autocatalytic"), ["true", "false"]);
    assert_eq!(column(&network, "cycle"), ["1", "0"]);
    let share: f64 = column(&network, "share_of_formations")[0]
        .parse()
        .expect("a number");
    assert!((share - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(network.figures["formations"], 4);
    assert_eq!(
        network.figures["autocatalytic_molecules"],
        serde_json::json!(["AC"])
    );
}

#[test]
fn breaking_a_molecule_forms_none() {
    let mut breaking = association(1, ["A", "C"], "AC", Some("BC"));
    breaking.kind = ReactionKind::Dissociation;
    std::mem::swap(&mut breaking.reactants, &mut breaking.products);
    let network = collected(
        Autocatalysis::new(Filters::default()),
        &[run(vec![], vec![breaking])],
    );
    assert_eq!(network.table.rows(), 0);
}

#[test]
fn novelty_is_one_for_the_unique_and_nought_for_the_most_common() {
    assert_eq!(novelty(1, 500), 1.0);
    assert_eq!(novelty(500, 500), 0.0);
    assert!((novelty(10, 1_000) - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(novelty(1, 1), 1.0);
}

#[test]
fn molecules_come_rarest_first_and_single_particles_not_at_all() {
    let runs = [
        run(
            vec![
                molecule("A", 9, 0),
                molecule("A2", 90, 5),
                molecule("ABC", 1, 70),
            ],
            vec![],
        ),
        run(
            vec![
                molecule("A2", 10, 3),
                molecule("AB", 10, 8),
                molecule("B3C", 1, 4),
            ],
            vec![],
        ),
    ];
    let all = collected(Novelty::new(Filters::default(), 0.0), &runs);
    assert_eq!(
        column(&all, "molecule"),
        ["\"B3C\"", "\"ABC\"", "\"AB\"", "\"A2\""]
    );
    assert_eq!(column(&all, "formed"), ["1", "1", "10", "100"]);
    assert_eq!(column(&all, "runs"), ["1", "1", "1", "2"]);
    assert_eq!(column(&all, "first_run")[3], "\"job_1\"");
    assert_eq!(column(&all, "first_step")[3], "3");
    let novel = collected(Novelty::new(Filters::default(), 0.5), &runs);
    assert_eq!(column(&novel, "molecule"), ["\"B3C\"", "\"ABC\"", "\"AB\""]);
}

#[test]
fn filters_go_by_step_size_and_species_of_the_largest_molecule() {
    let runs = [run(
        vec![],
        vec![
            association(10, ["A", "A"], "A2", None),
            association(20, ["A", "B"], "AB", None),
            association(30, ["AB", "C"], "ABC", None),
        ],
    )];
    let steps =
        |filters: Filters| column(&collected(Trajectories::new(filters, 99), &runs), "step");
    let every = Filters::default();
    assert_eq!(steps(every.clone()), ["10", "20", "30"]);
    assert_eq!(
        steps(Filters {
            step_from: 20,
            ..every.clone()
        }),
        ["20", "30"]
    );
    assert_eq!(
        steps(Filters {
            step_to: 20,
            ..every.clone()
        }),
        ["10", "20"]
    );
    assert_eq!(
        steps(Filters {
            min_size: 3,
            ..every.clone()
        }),
        ["30"]
    );
    assert_eq!(
        steps(Filters {
            max_size: 2,
            ..every.clone()
        }),
        ["10", "20"]
    );
    assert_eq!(
        steps(Filters {
            species: vec![Species::B],
            ..every.clone()
        }),
        ["20", "30"]
    );
    assert_eq!(
        steps(Filters {
            species: vec![Species::B, Species::C],
            ..every
        }),
        ["30"]
    );
}

#[test]
fn a_limit_keeps_the_first_rows_and_says_how_many_there_were() {
    let reactions = (1..=5)
        .map(|step| association(step, ["A", "A"], "A2", None))
        .collect();
    let limited = collected(
        Trajectories::new(Filters::default(), 2),
        &[run(vec![], reactions)],
    );
    assert_eq!(column(&limited, "step"), ["1", "2"]);
    assert_eq!(column(&limited, "time"), ["0.005", "0.01"]);
    assert_eq!(column(&limited, "reactant_2"), ["\"A\"", "\"A\""]);
    assert_eq!(column(&limited, "product_2"), ["null", "null"]);
    assert_eq!(limited.found, 5);
}
