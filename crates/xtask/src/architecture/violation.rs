//! The rules of the house, each by what breaks it.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    NotInTable {
        folder: String,
    },
    NameDiffersFromFolder {
        folder: String,
        package: String,
    },
    UsesForbiddenCrate {
        folder: String,
        used: String,
    },
    TestsUseForbiddenCrate {
        folder: String,
        used: String,
    },
    DependsOnTheTop {
        folder: String,
        used: String,
    },
    LinksOutsider {
        folder: String,
        are: &'static str,
        chain: Vec<String>,
    },
    LintsNotInherited {
        folder: String,
    },
    Mentions {
        place: String,
        path: String,
    },
    PublicItemsMayLackDocumentation {
        file: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInTable { folder } => write!(
                formatter,
                "crates/{folder} is not in the table: add it to the table in \
                 crates/xtask/src/architecture/table.rs and say why in an ADR (docs/adr/)"
            ),
            Self::NameDiffersFromFolder { folder, package } => write!(
                formatter,
                "crates/{folder} holds the package `{package}`: call it `batchway-{folder}`"
            ),
            Self::UsesForbiddenCrate { folder, used } => {
                write!(formatter, "{folder} must not depend on {used}")
            }
            Self::TestsUseForbiddenCrate { folder, used } => {
                write!(formatter, "the tests of {folder} must not depend on {used}")
            }
            Self::DependsOnTheTop { folder, used } => write!(
                formatter,
                "{folder} depends on {used}, on which nothing may: run its binary instead"
            ),
            Self::LinksOutsider { folder, are, chain } => {
                write!(
                    formatter,
                    "{folder} must not link {are}: {}",
                    chain.join(" -> ")
                )
            }
            Self::LintsNotInherited { folder } => write!(
                formatter,
                "crates/{folder}/Cargo.toml lacks `[lints]` with `workspace = true`"
            ),
            Self::Mentions { place, path } => {
                write!(
                    formatter,
                    "{place}: `{path}` is not for this crate: take a port"
                )
            }
            Self::PublicItemsMayLackDocumentation { file } => {
                write!(formatter, "{file} lacks `#![warn(missing_docs)]`")
            }
        }
    }
}
