//! Reading back what datasets are made from.

use std::path::Path;

use hdf5_pure::{AttrValue, File, H5Element};
use serde_json::Value;

use super::{Hdf5Error, LAYOUT};
use crate::physics::Formula;
use crate::physics::reactions::ReactionKind;

/// The reactions and molecules of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResults {
    /// The run's params.
    pub params: Value,
    /// The time step, in τ.
    pub time_step: f64,
    /// Number of particles.
    pub particles: usize,
    /// Kinds of molecule, in order of appearance.
    pub molecules: Vec<MoleculeRow>,
    /// Reactions, in order of time.
    pub reactions: Vec<ReactionRow>,
    /// Reactions that happened but aren't listed.
    pub unlisted_reactions: u64,
}

/// A kind of molecule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoleculeRow {
    /// Composition.
    pub formula: Formula,
    /// How many there were at the end.
    pub count: u64,
    /// How many there were at most.
    pub peak_count: u64,
    /// When the first was there.
    pub first_step: u64,
    /// How many were formed.
    pub formed: u64,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq)]
pub struct ReactionRow {
    /// When.
    pub step: u64,
    /// What happened.
    pub kind: ReactionKind,
    /// Both ends of the bond.
    pub particles: [u32; 2],
    /// Molecules before.
    pub reactants: Vec<Formula>,
    /// Molecules after.
    pub products: Vec<Formula>,
    /// The molecule that lowered the barrier.
    pub catalyst: Option<Formula>,
    /// Energy of such a bond at rest, in ε.
    pub bond_energy: f64,
}

impl RunResults {
    /// Reads a run's `results.h5`.
    ///
    /// # Errors
    /// The file can't be read or lacks our layout.
    pub fn read(path: &Path) -> Result<Self, Hdf5Error> {
        let file = File::open(path).map_err(|source| Hdf5Error::Read {
            path: path.display().to_string(),
            source,
        })?;
        Reader {
            file,
            path: path.display().to_string(),
        }
        .results()
    }
}

struct Reader {
    file: File,
    path: String,
}

impl Reader {
    fn results(&self) -> Result<RunResults, Hdf5Error> {
        let attributes = self
            .file
            .root()
            .attrs()
            .map_err(|source| self.failed(source))?;
        match attributes.get("layout") {
            Some(AttrValue::String(layout)) if layout == LAYOUT => {}
            Some(AttrValue::String(layout)) => {
                return Err(self.lacks(format!("its layout is {layout:?}")));
            }
            _ => return Err(self.lacks("it has no attribute layout")),
        }
        let Some(AttrValue::String(params)) = attributes.get("params") else {
            return Err(self.lacks("it has no attribute params"));
        };
        let Some(AttrValue::F64(time_step)) = attributes.get("time_step") else {
            return Err(self.lacks("it has no attribute time_step"));
        };
        let molecules = self.molecules()?;
        let group = self
            .file
            .group("reactions")
            .map_err(|source| self.failed(source))?;
        let group_attributes = group.attrs().map_err(|source| self.failed(source))?;
        Ok(RunResults {
            params: serde_json::from_str(params)
                .map_err(|error| self.lacks(format!("its params are not JSON: {error}")))?,
            time_step: *time_step,
            particles: self.column::<u8>("species")?.len(),
            reactions: self.reactions(&molecules)?,
            molecules,
            unlisted_reactions: match group_attributes.get("unlisted") {
                Some(&AttrValue::U64(unlisted)) => unlisted,
                _ => return Err(self.lacks("/reactions has no attribute unlisted")),
            },
        })
    }

    fn molecules(&self) -> Result<Vec<MoleculeRow>, Hdf5Error> {
        let formulas = self
            .file
            .dataset("molecules/formula")
            .and_then(|dataset| dataset.read_string())
            .map_err(|source| self.failed(source))?;
        let rows = formulas.len();
        let count = self.table_column::<u64>("molecules/count", rows)?;
        let peak_count = self.table_column::<u64>("molecules/peak_count", rows)?;
        let first_step = self.table_column::<u64>("molecules/first_step", rows)?;
        let formed = self.table_column::<u64>("molecules/formed", rows)?;
        (0..rows)
            .map(|row| {
                let formula = Formula::parse(&formulas[row])
                    .ok_or_else(|| self.lacks(format!("{:?} is no formula", formulas[row])))?;
                Ok(MoleculeRow {
                    formula,
                    count: count[row],
                    peak_count: peak_count[row],
                    first_step: first_step[row],
                    formed: formed[row],
                })
            })
            .collect()
    }

    fn reactions(&self, molecules: &[MoleculeRow]) -> Result<Vec<ReactionRow>, Hdf5Error> {
        let step = self.column::<u64>("reactions/step")?;
        let rows = step.len();
        let kind = self.table_column::<u8>("reactions/kind", rows)?;
        let particles = self.table_column::<u32>("reactions/particles", 2 * rows)?;
        let reactants = self.table_column::<i32>("reactions/reactants", 2 * rows)?;
        let products = self.table_column::<i32>("reactions/products", 2 * rows)?;
        let catalyst = self.table_column::<i32>("reactions/catalyst", rows)?;
        let bond_energy = self.table_column::<f64>("reactions/bond_energy", rows)?;

        let formula = |index: i32| match usize::try_from(index) {
            Err(_) => Ok(None),
            Ok(index) => molecules
                .get(index)
                .map(|row| Some(row.formula))
                .ok_or_else(|| self.lacks(format!("/molecules has no row {index}"))),
        };
        let side = |indices: &[i32]| -> Result<Vec<Formula>, Hdf5Error> {
            indices
                .iter()
                .filter_map(|&index| formula(index).transpose())
                .collect()
        };
        (0..rows)
            .map(|row| {
                let pair = 2 * row..2 * row + 2;
                Ok(ReactionRow {
                    step: step[row],
                    kind: *ReactionKind::ALL
                        .get(usize::from(kind[row]))
                        .ok_or_else(|| self.lacks(format!("no reaction has code {}", kind[row])))?,
                    particles: [particles[pair.start], particles[pair.start + 1]],
                    reactants: side(&reactants[pair.clone()])?,
                    products: side(&products[pair])?,
                    catalyst: formula(catalyst[row])?,
                    bond_energy: bond_energy[row],
                })
            })
            .collect()
    }

    fn table_column<T: H5Element>(&self, name: &str, rows: usize) -> Result<Vec<T>, Hdf5Error> {
        let values = self.column(name)?;
        if values.len() == rows {
            Ok(values)
        } else {
            Err(self.lacks(format!("/{name} has {} values, not {rows}", values.len())))
        }
    }

    fn column<T: H5Element>(&self, name: &str) -> Result<Vec<T>, Hdf5Error> {
        let dataset = self
            .file
            .dataset(name)
            .map_err(|source| self.lacks(format!("it has no /{name} ({source})")))?;
        dataset.read::<T>().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: hdf5_pure::Error) -> Hdf5Error {
        Hdf5Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    fn lacks(&self, problem: impl Into<String>) -> Hdf5Error {
        Hdf5Error::Layout {
            path: self.path.clone(),
            problem: problem.into(),
        }
    }
}
