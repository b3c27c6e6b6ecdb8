//! Environment variables, and those of a `.env` file behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::failure::Failure;

/// Named settings. An empty one counts as unset.
#[derive(Clone, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
    /// Those of the file that the environment knows nothing of.
    only_in_file: BTreeSet<String>,
}

impl Variables {
    /// The environment of this process, and `.env` of the working folder for what the
    /// environment leaves out.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub(crate) fn of_process() -> Result<Self, Failure> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self::of(environment, read_file(Path::new(".env"))?))
    }

    /// Those of an environment, and those of a file behind them.
    pub(crate) fn of(
        environment: BTreeMap<String, String>,
        file: BTreeMap<String, String>,
    ) -> Self {
        let only_in_file = file
            .keys()
            .filter(|name| !environment.contains_key(*name))
            .cloned()
            .collect();
        let mut values = file;
        values.extend(environment);
        Self {
            values,
            only_in_file,
        }
    }

    #[cfg(test)]
    pub(crate) fn of_pairs(pairs: &[(&str, &str)]) -> Self {
        let environment = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self::of(environment, BTreeMap::new())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether a library that reads the environment by itself can't see it.
    pub(crate) fn is_only_in_file(&self, name: &str) -> bool {
        self.only_in_file.contains(name)
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A value of a type that reads itself. `rule` ends the sentence of a refusal.
    pub(crate) fn parsed<T: FromStr>(
        &self,
        name: &str,
        rule: impl Display,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Failure::misconfigured(format!("{name}={text:?} can't be used: it must be {rule}"))
        })
    }

    /// A length of time such as `90d`, `72h` or `1h 30m`.
    pub(crate) fn duration(&self, name: &str, default: &str) -> Result<Duration, Failure> {
        let text = self.get(name).unwrap_or(default);
        humantime::parse_duration(text).map_err(|error| {
            Failure::misconfigured(format!(
                "{name}={text:?} is not a length of time such as 72h: {error}"
            ))
        })
    }
}

impl fmt::Debug for Variables {
    /// Some of the values are secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

/// The part of this process's environment that jobs inherit: enough to find programs, and
/// nothing that could be a secret.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one file that reads the environment"
)]
pub(crate) fn inherited_by_jobs() -> BTreeMap<String, String> {
    ["PATH", "HOME", "LANG"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .collect()
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let entries = match dotenvy::from_path_iter(path) {
        Ok(entries) => entries,
        Err(error) if error.not_found() => return Ok(BTreeMap::new()),
        Err(error) => return Err(unreadable(path, &error)),
    };
    entries
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dotenvy::Error) -> Failure {
    match error {
        // The line may hold a secret: it is not repeated.
        dotenvy::Error::LineParse(_, position) => Failure::misconfigured(format!(
            "{} can't be read: a line is not NAME=value (at character {position} of it)",
            path.display()
        )),
        error => Failure::misconfigured(format!("{} can't be read: {error}", path.display())),
    }
}
