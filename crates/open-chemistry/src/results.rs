//! The files that a simulation leaves.
//!
//! | file | holds |
//! |---|---|
//! | `results.h5` | everything, as HDF5; the layout is described at [`hdf5`] |
//! | `summary.json` | the figures of the run on one page |
//! | `reactions.csv` | one line per reaction |
//! | `molecules.csv` | one line per kind of molecule |
//! | `thermodynamics.svg` | temperature and energies over time |
//! | `molecules.svg` | counts of molecules over time |

mod csv;
pub mod hdf5;
mod summary;

use std::fs;
use std::io;
use std::path::Path;

pub use csv::quoted;
use hdf5::Hdf5Error;

use crate::plots;
use crate::simulation::Simulation;

/// Results that can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file or folder can't be written.
    #[error("can't write {path}: {source}")]
    File {
        /// Which one.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// `results.h5` can't be written.
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),
}

/// Writes all result files of a completed run into a folder.
///
/// # Errors
/// A file can't be written; the error names it.
pub fn write_all(folder: &Path, simulation: &Simulation) -> Result<(), WriteError> {
    create_folder(folder)?;
    hdf5::write(&folder.join("results.h5"), simulation)?;
    write_text(folder, "summary.json", &summary::of(simulation))?;
    write_text(
        folder,
        "reactions.csv",
        &csv::reactions(simulation.record()),
    )?;
    write_text(
        folder,
        "molecules.csv",
        &csv::molecules(simulation.record()),
    )?;
    write_text(
        folder,
        "thermodynamics.svg",
        &plots::thermodynamics(simulation),
    )?;
    write_text(folder, "molecules.svg", &plots::molecules(simulation))
}

/// Creates a folder and those above it.
///
/// # Errors
/// It isn't there and can't be created.
pub fn create_folder(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(|source| WriteError::File {
        path: folder.display().to_string(),
        source,
    })
}

/// Writes one text file into a folder.
///
/// # Errors
/// It can't be written.
pub fn write_text(folder: &Path, name: &str, text: &str) -> Result<(), WriteError> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|source| WriteError::File {
        path: path.display().to_string(),
        source,
    })
}
