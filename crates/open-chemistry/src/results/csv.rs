//! The two tables as comma-separated values (RFC 4180 but for line ends, which
//! are plain line feeds).

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::simulation::Record;

/// One line per reaction, in order of time.
pub(super) fn reactions(record: &Record) -> String {
    let log = &record.reactions;
    let mut csv = String::from(
        "step,kind,particle_1,particle_2,reactant_1,reactant_2,product_1,product_2,catalyst,bond_energy\n",
    );
    let formula = |index: i32| match usize::try_from(index) {
        Ok(index) => record.population.kinds()[index].formula.to_string(),
        Err(_) => String::new(),
    };
    for row in 0..log.len() {
        let [particle_1, particle_2] = log.particles[row];
        let [reactant_1, reactant_2] = log.reactants[row].map(formula);
        let [product_1, product_2] = log.products[row].map(formula);
        let (step, kind) = (log.step[row], log.kind[row].name());
        let (catalyst, bond_energy) = (formula(log.catalyst[row]), log.bond_energy[row]);
        let _ = writeln!(
            csv,
            "{step},{kind},{particle_1},{particle_2},{reactant_1},{reactant_2},\
             {product_1},{product_2},{catalyst},{bond_energy}",
        );
    }
    csv
}

/// One line per kind of molecule, in order of appearance.
pub(super) fn molecules(record: &Record) -> String {
    let mut csv = String::from("formula,size,count,peak_count,first_step,formed,consumed\n");
    for kind in record.population.kinds() {
        let _ = writeln!(
            csv,
            "{},{},{},{},{},{},{}",
            kind.formula,
            kind.formula.size(),
            kind.count,
            kind.peak,
            kind.first_step,
            kind.formed,
            kind.consumed,
        );
    }
    csv
}

/// A value as a field of a line: in quotes where it needs them.
#[must_use]
pub fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}
