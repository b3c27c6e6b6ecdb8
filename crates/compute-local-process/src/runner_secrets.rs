//! What only the runner's process may know.

use std::collections::BTreeMap;
use std::fmt;

/// Environment variables of the runner's process alone: the credentials for the artifact store,
/// and what belongs to them, such as its region and endpoint.
///
/// They are never written down, and the program does not get them. Who shows them shows names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RunnerSecrets(BTreeMap<String, String>);

impl RunnerSecrets {
    /// Values by the names of their variables.
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for RunnerSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_shown() {
        let variables = BTreeMap::from([("NAME".to_owned(), "value".to_owned())]);
        let shown = format!("{:?}", RunnerSecrets::new(variables));
        assert_eq!(shown, "{\"NAME\"}");
    }
}
