//! Writing `results.h5`.

use std::path::Path;

use hdf5_pure::{AttrValue, DatasetBuilder, FileBuilder, FormatError, GroupBuilder, H5Element};

use super::{Hdf5Error, LAYOUT};
use crate::physics::reactions::ReactionKind;
use crate::physics::{Species, units};
use crate::simulation::{Record, Simulation};

/// Rows of a table, or particles of a frame, in one chunk. No extent of a chunk
/// may exceed 65,535: the next larger ones are written with four bytes, where
/// libhdf5 2 takes nothing but three.
const CHUNK_ROWS: usize = 16_384;

/// Level of compression, from 1 to 9. Positions hardly compress at any.
const DEFLATE_LEVEL: u32 = 4;

/// Writes a run's results.
///
/// # Errors
/// The file can't be written.
pub fn write(path: &Path, simulation: &Simulation) -> Result<(), Hdf5Error> {
    build(simulation)
        .map_err(hdf5_pure::Error::from)
        .and_then(|file| file.write(path))
        .map_err(|source| Hdf5Error::Write {
            path: path.display().to_string(),
            source,
        })
}

fn build(simulation: &Simulation) -> Result<FileBuilder, FormatError> {
    let record = simulation.record();
    let mut file = FileBuilder::new();
    for (name, value) in attributes(simulation) {
        file.set_attr(name, value);
    }
    file.create_dataset("species")
        .with_data(&codes(&record.species, Species::code))
        .set_attr("symbols", names(Species::ALL.map(Species::symbol)));

    let mut group = |name: &str, fill: &dyn Fn(&mut GroupBuilder) -> Result<(), FormatError>| {
        let mut group = file.create_group(name);
        fill(&mut group)?;
        file.add_group(group.finish());
        Ok::<(), FormatError>(())
    };
    group("frames", &|group| frames(group, record))?;
    group("bonds", &|group| bonds(group, record))?;
    group("series", &|group| {
        series(group, record, simulation.params().temperature)
    })?;
    group("molecules", &|group| molecules(group, record))?;
    group("populations", &|group| populations(group, record))?;
    group("reactions", &|group| reactions(group, record))?;
    Ok(file)
}

fn attributes(simulation: &Simulation) -> [(&'static str, AttrValue); 7] {
    let params = simulation.params();
    [
        ("layout", AttrValue::String(LAYOUT.to_owned())),
        (
            "program_version",
            AttrValue::String(env!("CARGO_PKG_VERSION").to_owned()),
        ),
        ("params", AttrValue::String(params.to_json().to_string())),
        ("seed", AttrValue::U64(params.seed)),
        (
            "box_side",
            AttrValue::F64(simulation.system().periodic_box.side()),
        ),
        ("time_step", AttrValue::F64(simulation.time_step())),
        (
            "kelvin_per_reduced_temperature",
            AttrValue::F64(units::KELVIN_PER_REDUCED_TEMPERATURE),
        ),
    ]
}

fn frames(group: &mut GroupBuilder, record: &Record) -> Result<(), FormatError> {
    let frames = &record.frames;
    let particles = record.species.len();
    column(group, "step", &frames.step);
    column(group, "time", &frames.time);
    group
        .create_dataset("positions")
        .with_data(&frames.positions)
        .with_shape(&[frames.step.len() as u64, particles as u64, 3])
        .with_chunks(&[1, particles.min(CHUNK_ROWS) as u64, 3])
        .with_shuffle()
        .with_deflate(DEFLATE_LEVEL);
    Ok(())
}

fn bonds(group: &mut GroupBuilder, record: &Record) -> Result<(), FormatError> {
    column(group, "frame_end", &record.frames.bonds_end);
    pairs(group, "particles", &record.frames.bonds);
    Ok(())
}

fn series(group: &mut GroupBuilder, record: &Record, set_point: f64) -> Result<(), FormatError> {
    let series = &record.series;
    column(group, "step", &series.step);
    column(group, "time", &series.time);
    column(group, "temperature", &series.temperature)
        .set_attr("set_point", AttrValue::F64(set_point));
    column(group, "kinetic_energy", &series.kinetic);
    column(group, "repulsion_energy", &series.repulsion);
    column(group, "bond_strain_energy", &series.bond_strain);
    column(group, "binding_energy", &series.binding);
    column(group, "bonds", &series.bonds);
    column(group, "molecules", &series.molecules);
    Ok(())
}

fn molecules(group: &mut GroupBuilder, record: &Record) -> Result<(), FormatError> {
    let kinds = record.population.kinds();
    let formulas: Vec<String> = kinds.iter().map(|kind| kind.formula.to_string()).collect();
    let formulas: Vec<&str> = formulas.iter().map(String::as_str).collect();
    group.create_dataset("formula").with_strings(&formulas)?;
    let mut count = |name: &str, of: &dyn Fn(&_) -> u64| {
        column(group, name, &kinds.iter().map(of).collect::<Vec<u64>>());
    };
    count("size", &|kind: &crate::simulation::MoleculeKind| {
        kind.formula.size().into()
    });
    count("count", &|kind| kind.count);
    count("peak_count", &|kind| kind.peak);
    count("first_step", &|kind| kind.first_step);
    count("formed", &|kind| kind.formed);
    count("consumed", &|kind| kind.consumed);
    Ok(())
}

fn populations(group: &mut GroupBuilder, record: &Record) -> Result<(), FormatError> {
    column(group, "step", &record.populations.step);
    column(group, "end", &record.populations.end);
    column(group, "molecule", &record.populations.kind);
    column(group, "count", &record.populations.count);
    Ok(())
}

fn reactions(group: &mut GroupBuilder, record: &Record) -> Result<(), FormatError> {
    let log = &record.reactions;
    group.set_attr("unlisted", AttrValue::U64(log.unlisted));
    column(group, "step", &log.step);
    column(group, "kind", &codes(&log.kind, ReactionKind::code))
        .set_attr("names", names(ReactionKind::ALL.map(ReactionKind::name)));
    pairs(group, "particles", &log.particles);
    pairs(group, "reactants", &log.reactants);
    pairs(group, "products", &log.products);
    column(group, "catalyst", &log.catalyst);
    column(group, "bond_energy", &log.bond_energy);
    Ok(())
}

fn column<'group, T: H5Element>(
    group: &'group mut GroupBuilder,
    name: &str,
    values: &[T],
) -> &'group mut DatasetBuilder {
    let dataset = group.create_dataset(name).with_data(values);
    compressed(dataset, &[values.len()])
}

fn pairs<T: H5Element>(group: &mut GroupBuilder, name: &str, values: &[[T; 2]]) {
    let dataset = group.create_dataset(name).with_data(values.as_flattened());
    compressed(dataset, &[values.len(), 2]);
}

/// Sets the shape, and chunks and compression unless there is nothing to
/// compress: a chunk can't be empty.
fn compressed<'data>(
    dataset: &'data mut DatasetBuilder,
    shape: &[usize],
) -> &'data mut DatasetBuilder {
    let extents: Vec<u64> = shape.iter().map(|&extent| extent as u64).collect();
    dataset.with_shape(&extents);
    if shape[0] == 0 {
        return dataset;
    }
    let mut chunk = extents;
    chunk[0] = shape[0].min(CHUNK_ROWS) as u64;
    dataset
        .with_chunks(&chunk)
        .with_shuffle()
        .with_deflate(DEFLATE_LEVEL)
}

fn codes<T: Copy>(values: &[T], code: impl Fn(T) -> usize) -> Vec<u8> {
    values.iter().map(|&value| code(value) as u8).collect()
}

fn names<const N: usize>(names: [&str; N]) -> AttrValue {
    AttrValue::StringArray(names.map(str::to_owned).to_vec())
}
