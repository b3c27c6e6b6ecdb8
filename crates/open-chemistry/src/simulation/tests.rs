//! Runs: repeatable, resumable, and honest about what they write down.

use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::checkpoint::{CheckpointFolder, Restored};
use super::progress::{ProgressWriter, grouped};
use super::{Ending, Host, Simulation};
use crate::params::SimulationParams;
use crate::physics::Formula;
use crate::results::hdf5;

fn params() -> SimulationParams {
    SimulationParams {
        num_particles: 150,
        temperature: 450.0,
        steps: 3_000,
        seed: 5,
        density: 0.3,
    }
}

fn completed(params: SimulationParams) -> Simulation {
    let mut simulation = Simulation::new(params);
    let stop = AtomicBool::new(false);
    let mut host = Host {
        elapsed: || Duration::ZERO,
        stop: &stop,
        progress: ProgressWriter::silent(),
        checkpoints: None,
    };
    assert_eq!(
        simulation.run(&mut host).expect("nothing is written"),
        Ending::Completed
    );
    simulation
}

/// Runs on until `steps` more steps are done, as if a signal came then.
fn run_until_stopped(simulation: &mut Simulation, steps: u64, folder: &CheckpointFolder) {
    let stop = AtomicBool::new(false);
    let last = simulation.step() + steps;
    let step = Cell::new(simulation.step());
    // The clock is read once at the start and once per step.
    let first = Cell::new(true);
    let elapsed = || {
        if !first.replace(false) {
            step.set(step.get() + 1);
            stop.store(step.get() == last, Ordering::Relaxed);
        }
        Duration::ZERO
    };
    let mut host = Host {
        elapsed,
        stop: &stop,
        progress: ProgressWriter::silent(),
        checkpoints: Some(folder.clone()),
    };
    assert_eq!(
        simulation
            .run(&mut host)
            .expect("checkpoints can be written"),
        Ending::Stopped
    );
    assert_eq!(simulation.step(), last);
}

fn restored(folder: &CheckpointFolder, params: &SimulationParams) -> Simulation {
    match folder.restore(params).expect("readable") {
        Restored::Simulation(simulation) => *simulation,
        other => panic!("no simulation but {other:?}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_results_and_another_seed_others() {
    let first = completed(params());
    assert_eq!(first, completed(params()));
    assert!(!first.record().reactions.is_empty());
    let other = completed(SimulationParams {
        seed: 6,
        ..params()
    });
    assert_ne!(first.system().positions, other.system().positions);
    assert_ne!(first.record().reactions, other.record().reactions);
}

#[test]
fn a_run_that_was_interrupted_gives_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let checkpoints = CheckpointFolder::at(folder.path().join("checkpoints"));
    let uninterrupted = completed(params());

    let mut simulation = Simulation::new(params());
    // Before the first sweep, and right after bonds broke: then the forces are
    // not to the last bit those that would be computed anew.
    let log = &uninterrupted.record().reactions;
    let broken = (0..log.len()).filter(|&row| !log.kind[row].forms_bond());
    let mut stops: Vec<u64> = broken.map(|row| log.step[row]).take(5).collect();
    stops.insert(0, 9);
    stops.dedup();
    assert!(stops.len() > 3, "{stops:?}");
    for step in stops {
        let more = step - simulation.step();
        run_until_stopped(&mut simulation, more, &checkpoints);
        let restored = restored(&checkpoints, &params());
        assert_eq!(restored, simulation, "at step {step}");
        simulation = restored;
    }
    let stop = AtomicBool::new(false);
    let mut host = Host {
        elapsed: || Duration::ZERO,
        stop: &stop,
        progress: ProgressWriter::silent(),
        checkpoints: Some(checkpoints),
    };
    simulation
        .run(&mut host)
        .expect("checkpoints can be written");
    assert_eq!(simulation, uninterrupted);

    let [one, other] = ["one.h5", "other.h5"].map(|name| folder.path().join(name));
    hdf5::write(&one, &uninterrupted).expect("writable");
    hdf5::write(&other, &simulation).expect("writable");
    assert!(fs::read(one).expect("written") == fs::read(other).expect("written"));
}

#[test]
fn a_checkpoint_is_written_every_ten_seconds_and_replaced_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let checkpoints = CheckpointFolder::at(folder.path());
    let file = checkpoints.file();
    let seconds = Cell::new(0);
    let written_at = Cell::new(None);
    let stop = AtomicBool::new(false);
    let mut host = Host {
        // A second per step.
        elapsed: || {
            if file.exists() && written_at.get().is_none() {
                written_at.set(Some(seconds.get() - 1));
            }
            seconds.set(seconds.get() + 1);
            Duration::from_secs(seconds.get() - 1)
        },
        stop: &stop,
        progress: ProgressWriter::silent(),
        checkpoints: Some(checkpoints.clone()),
    };
    let params = SimulationParams {
        steps: 29,
        ..params()
    };
    Simulation::new(params.clone())
        .run(&mut host)
        .expect("writable");
    assert_eq!(written_at.get(), Some(10));
    assert_eq!(restored(&checkpoints, &params).step(), 20);
    let files: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn a_checkpoint_of_no_use_is_said_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let checkpoints = CheckpointFolder::at(folder.path());
    let reason = |params: &SimulationParams| match checkpoints.restore(params).expect("readable") {
        Restored::Unusable(why) => why,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        checkpoints.restore(&params()),
        Ok(Restored::Nothing)
    ));

    checkpoints
        .save(&Simulation::new(params()))
        .expect("writable");
    let whole = fs::read(checkpoints.file()).expect("written");
    assert_eq!(
        reason(&SimulationParams {
            seed: 99,
            ..params()
        }),
        "it belongs to other params"
    );

    let mut damaged = whole.clone();
    *damaged.last_mut().expect("not empty") ^= 1;
    fs::write(checkpoints.file(), damaged).expect("writable");
    assert_eq!(reason(&params()), "its checksum is wrong");

    fs::write(checkpoints.file(), &whole[..whole.len() / 2]).expect("writable");
    assert_eq!(reason(&params()), "its checksum is wrong");

    fs::write(checkpoints.file(), "something else").expect("writable");
    assert_eq!(
        reason(&params()),
        "another version of this program wrote it"
    );
}

#[test]
fn particles_and_species_are_conserved_and_molecules_add_up() {
    let before = Simulation::new(params());
    let simulation = completed(params());
    let (system, record) = (simulation.system(), simulation.record());
    assert_eq!(system.species, before.system().species);

    let mut recounted = std::collections::BTreeMap::<Formula, u64>::new();
    for members in system.bonds.molecules() {
        let formula = Formula::of(members.iter().map(|&member| system.species[member]));
        *recounted.entry(formula).or_default() += 1;
    }
    let kinds = record.population.kinds();
    let counted: std::collections::BTreeMap<Formula, u64> = kinds
        .iter()
        .filter(|kind| kind.count > 0)
        .map(|kind| (kind.formula, kind.count))
        .collect();
    assert_eq!(counted, recounted);
    let particles: u64 = kinds
        .iter()
        .map(|kind| kind.count * u64::from(kind.formula.size()))
        .sum();
    assert_eq!(particles, 150);
    for kind in kinds {
        let at_start = if kind.first_step == 0 {
            kind.count + kind.consumed - kind.formed
        } else {
            0
        };
        assert_eq!(
            at_start + kind.formed - kind.consumed,
            kind.count,
            "{kind:?}"
        );
        assert!(kind.peak >= kind.count);
    }
    let last = *record.series.molecules.last().expect("a sample");
    assert_eq!(last, system.bonds.molecules().len() as u64);
}

#[test]
fn what_is_written_down_covers_the_run_from_start_to_end() {
    for steps in [1, 7, 499, 1_234] {
        let simulation = completed(SimulationParams {
            steps,
            num_particles: 20,
            ..params()
        });
        let record = simulation.record();
        for column in [
            &record.series.step,
            &record.frames.step,
            &record.populations.step,
        ] {
            assert_eq!((column.first(), column.last()), (Some(&0), Some(&steps)));
            assert!(column.is_sorted_by(|one, next| one < next), "{column:?}");
            assert!(column.len() <= 502);
        }
        assert!(record.frames.step.len() <= 102);
        assert_eq!(
            record.frames.positions.len(),
            record.frames.step.len() * 20 * 3
        );
        assert_eq!(
            record.populations.counts_of(0).len(),
            record.populations.step.len()
        );
    }
}

#[test]
fn progress_is_told_at_most_four_times_a_second_and_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("progress");
    let mut progress = ProgressWriter::to(&file);
    for millisecond in 0..=1_000_u32 {
        let fraction = f64::from(millisecond) / 1_000.0;
        let elapsed = Duration::from_millis(millisecond.into());
        progress.report(elapsed, fraction, || format!("at {millisecond} ms"));
    }
    progress.finish("done");
    let lines: Vec<Value> = fs::read_to_string(&file)
        .expect("written")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    let fractions: Vec<f64> = lines
        .iter()
        .filter_map(|line| line["progress"].as_f64())
        .collect();
    assert_eq!(fractions, [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]);
    assert_eq!(lines[5]["message"], "done");
}

#[test]
fn progress_that_nobody_reads_holds_nothing_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .expect("a pipe");
    ProgressWriter::to(&pipe).finish("to a pipe without a reader");
    ProgressWriter::to(&folder.path().join("no/such/folder")).finish("to nowhere");

    let _reader = fs::File::options()
        .read(true)
        .write(true)
        .open(&pipe)
        .expect("a reader");
    let mut full = ProgressWriter::to(&pipe);
    for second in 0..10_000 {
        full.report(Duration::from_secs(second), 0.5, || {
            "to a reader who doesn't".to_owned()
        });
    }
}

#[test]
fn numbers_are_grouped_by_thousands() {
    for (number, expected) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), expected);
    }
}
