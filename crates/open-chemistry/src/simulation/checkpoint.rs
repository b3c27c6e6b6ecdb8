//! Checkpoints: the whole state of a run in one file.
//!
//! The file is replaced by rename, so whoever reads it finds a whole one. It
//! begins with a line that names format and program version, then a checksum,
//! then the state. A file that another version wrote, that belongs to other
//! params or is damaged is not used: the run starts from the beginning, whose
//! results are the same.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use super::run::Simulation;
use crate::params::SimulationParams;

const FILE_NAME: &str = "checkpoint.bin";
const HEADER: &str = concat!(
    "open-chemistry checkpoint, program ",
    env!("CARGO_PKG_VERSION"),
    "\n"
);

/// A folder with at most one checkpoint.
#[derive(Debug, Clone)]
pub struct CheckpointFolder {
    path: PathBuf,
}

/// What a folder held.
#[derive(Debug)]
pub enum Restored {
    /// No checkpoint.
    Nothing,
    /// A run to go on with.
    Simulation(Box<Simulation>),
    /// A checkpoint that can't be used, and why.
    Unusable(&'static str),
}

impl CheckpointFolder {
    /// A folder that exists or can be created.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the checkpoint is.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.path.join(FILE_NAME)
    }

    /// Replaces the checkpoint.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn save(&self, simulation: &Simulation) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let state = postcard::to_stdvec(simulation).map_err(io::Error::other)?;
        let unfinished = self.path.join(format!("{FILE_NAME}.part"));
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(HEADER.as_bytes())?;
        file.write_all(&checksum(&state).to_le_bytes())?;
        file.write_all(&state)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.file())
    }

    /// Reads the checkpoint of a run with these params.
    ///
    /// # Errors
    /// There is a checkpoint, but it can't be read.
    pub fn restore(&self, params: &SimulationParams) -> io::Result<Restored> {
        let bytes = match fs::read(self.file()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Restored::Nothing),
            read => read?,
        };
        let Some(body) = bytes.strip_prefix(HEADER.as_bytes()) else {
            return Ok(Restored::Unusable(
                "another version of this program wrote it",
            ));
        };
        let Some((sum, state)) = body.split_first_chunk::<8>() else {
            return Ok(Restored::Unusable("it is cut short"));
        };
        if u64::from_le_bytes(*sum) != checksum(state) {
            return Ok(Restored::Unusable("its checksum is wrong"));
        }
        match postcard::from_bytes::<Simulation>(state) {
            Err(_) => Ok(Restored::Unusable("it can't be decoded")),
            Ok(simulation) if simulation.params() != params => {
                Ok(Restored::Unusable("it belongs to other params"))
            }
            Ok(simulation) => Ok(Restored::Simulation(Box::new(simulation))),
        }
    }
}

/// FNV-1a, which finds a file cut short or damaged; it is no protection
/// against someone who means to deceive.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
