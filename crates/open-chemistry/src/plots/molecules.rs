//! Counts of molecules over time.

use super::canvas::Canvas;
use super::panel::{Mark, Panel, WIDTH, frame};
use super::scale::round_range;
use super::{COLOURS, caption};
use crate::simulation::progress::grouped;
use crate::simulation::{Record, Simulation};

const HEIGHT: f64 = 800.0;
const TIME: &str = "time (τ)";

/// Classes of size: greatest size, name, colour.
const SIZE_CLASSES: [(u32, &str, &str); 6] = [
    (1, "single", "#dcecf7"),
    (2, "2", "#b5d7ee"),
    (4, "3 to 4", "#7fbbe0"),
    (8, "5 to 8", "#4796cb"),
    (16, "9 to 16", "#1c6ca8"),
    (u32::MAX, "17 or more", "#0b3f6b"),
];

/// The most frequent molecules over time, and in molecules of what size the
/// particles are.
#[must_use]
pub fn molecules(simulation: &Simulation) -> String {
    let record = simulation.record();
    let title = "Molecules";
    let mut canvas = Canvas::new(
        WIDTH,
        HEIGHT,
        title,
        "Above, the number of molecules of the most frequent kinds over time; below, the share of \
         particles by the size of their molecule.",
    );
    let kinds = record.population.kinds().len() as u64;
    frame(
        &mut canvas,
        title,
        &[
            &caption(simulation.params()),
            &format!(
                "{} kinds of molecule were seen and {} reactions. A2B is a molecule of two A and \
                 one B; isomers count as one kind.",
                grouped(kinds),
                grouped(record.reactions.len() as u64 + record.reactions.unlisted),
            ),
        ],
        HEIGHT,
    );
    frequent_kinds(&mut canvas, record);
    size_classes(&mut canvas, record);
    canvas.finish()
}

fn frequent_kinds(canvas: &mut Canvas, record: &Record) {
    let mut kinds: Vec<_> = (0_u32..).zip(record.population.kinds()).collect();
    kinds.retain(|(_, kind)| kind.formula.size() > 1);
    kinds.sort_by_key(|(_, kind)| (std::cmp::Reverse(kind.peak), kind.formula));
    kinds.truncate(COLOURS.len());
    let curves: Vec<Vec<f64>> = kinds
        .iter()
        .map(|&(index, _)| {
            record
                .populations
                .counts_of(index)
                .iter()
                .map(|&n| n.into())
                .collect()
        })
        .collect();

    let time = &record.series.time;
    let mut axes = Panel {
        heading: "Most frequent molecules of two and more particles",
        x_label: TIME,
        y_label: "molecules",
        x_range: (0.0, time.last().copied().unwrap_or(1.0)),
        y_range: round_range(curves.iter().flatten().copied().chain([0.0, 5.0])),
        rows: (104.0, 344.0),
    }
    .draw(canvas);
    for (curve, ((_, kind), colour)) in curves.iter().zip(kinds.iter().zip(COLOURS)) {
        axes.line(time.iter().copied().zip(curve.iter().copied()), colour);
        axes.legend(
            Mark::Line,
            colour,
            &format!("{} (peak {})", kind.formula, grouped(kind.peak)),
        );
    }
    if curves.is_empty() {
        axes.note("no bond was formed");
    }
}

fn size_classes(canvas: &mut Canvas, record: &Record) {
    let time = &record.series.time;
    let mut axes = Panel {
        heading: "In molecules of what size the particles are",
        x_label: TIME,
        y_label: "share of particles (%)",
        x_range: (0.0, time.last().copied().unwrap_or(1.0)),
        y_range: (0.0, 100.0),
        rows: (440.0, 680.0),
    }
    .draw(canvas);
    let shares = cumulative_shares(record);
    let mut floor = vec![0.0; time.len()];
    for (share, (_, _, colour)) in shares.iter().zip(SIZE_CLASSES) {
        let upper = time.iter().copied().zip(share.iter().copied());
        let lower = time.iter().copied().zip(floor.iter().copied());
        let outline: Vec<_> = upper.chain(lower.rev()).collect();
        axes.area(outline, colour, 1.0);
        floor.clone_from(share);
    }
    for (_, name, colour) in SIZE_CLASSES.iter().rev() {
        axes.legend(Mark::Area, colour, name);
    }
}

/// For each class the share, in percent, of particles in it and the classes
/// below, at each sample.
fn cumulative_shares(record: &Record) -> Vec<Vec<f64>> {
    let series = &record.populations;
    let kinds = record.population.kinds();
    let percent = 100.0 / record.species.len() as f64;
    let mut shares = vec![vec![0.0; series.step.len()]; SIZE_CLASSES.len()];
    let mut start = 0;
    for (sample, &end) in series.end.iter().enumerate() {
        let end = end as usize;
        for entry in start..end {
            let size = kinds[series.kind[entry] as usize].formula.size();
            let particles = f64::from(size * series.count[entry]) * percent;
            for (class, share) in SIZE_CLASSES.iter().zip(&mut shares) {
                if size <= class.0 {
                    share[sample] += particles;
                }
            }
        }
        start = end;
    }
    shares
}
