//! `results.h5`, layout `open-chemistry/1`.
//!
//! Lengths are in σ, energies in ε = k_B · 300 K, times in τ, temperatures in
//! kelvin. F frames, N particles, S samples, R reactions, M kinds of molecule.
//! A kind of molecule is referred to by its place in `/molecules`; −1 is none.
//!
//! | path | shape, type | holds |
//! |---|---|---|
//! | attributes of `/` | | `layout`, `program_version`, `params` (JSON), `seed`, `box_side`, `time_step`, `kelvin_per_reduced_temperature` |
//! | `/species` | N u8 | code of each particle's species; attribute `symbols` names them |
//! | `/frames/step`, `/frames/time` | F u64, F f64 | when |
//! | `/frames/positions` | F×N×3 f32 | where each particle is |
//! | `/bonds/frame_end` | F u64 | where each frame's bonds end in `/bonds/particles`; they begin where those of the frame before end |
//! | `/bonds/particles` | B×2 u32 | both ends of each bond |
//! | `/series/step`, `/series/time` | S u64, S f64 | when |
//! | `/series/temperature` | S f64 | kinetic temperature; attribute `set_point` |
//! | `/series/kinetic_energy`, `repulsion_energy`, `bond_strain_energy`, `binding_energy` | S f64 | energies; the potential energy is repulsion + strain − binding |
//! | `/series/bonds`, `/series/molecules` | S u64 | counts |
//! | `/molecules/formula` | M string | composition, as `A2B` |
//! | `/molecules/size`, `count`, `peak_count`, `first_step`, `formed`, `consumed` | M u64 | particles; how many there are at the end and were at most; first seen; how often formed and consumed |
//! | `/populations/step` | S u64 | when |
//! | `/populations/end` | S u64 | where each sample's entries end in the next two |
//! | `/populations/molecule`, `/populations/count` | P u32 | a kind, and how many there were |
//! | `/reactions/step` | R u64 | when |
//! | `/reactions/kind` | R u8 | code; attribute `names` names them |
//! | `/reactions/particles` | R×2 u32 | both ends of the bond |
//! | `/reactions/reactants`, `/reactions/products` | R×2 i32 | kinds of molecule before and after |
//! | `/reactions/catalyst` | R i32 | kind of the molecule that lowered the barrier |
//! | `/reactions/bond_energy` | R f64 | energy of such a bond at rest |
//!
//! Attribute `unlisted` of `/reactions` counts those that happened after the
//! table was full.

mod read;
mod write;

pub use read::{MoleculeRow, ReactionRow, RunResults};
pub use write::write;

/// Name and version of the layout.
pub const LAYOUT: &str = "open-chemistry/1";

/// A file of results that can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Hdf5Error {
    /// The file can't be written.
    #[error("can't write {path}: {source}")]
    Write {
        /// Which file.
        path: String,
        /// Why.
        source: hdf5_pure::Error,
    },
    /// There is no such file, or it isn't HDF5, or it is damaged.
    #[error("can't read {path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: hdf5_pure::Error,
    },
    /// The file is HDF5 but not of our layout.
    #[error("{path} lacks the layout {LAYOUT}: {problem}")]
    Layout {
        /// Which file.
        path: String,
        /// What is missing or wrong.
        problem: String,
    },
}
