//! Licence and origin of every dependency, from `cargo metadata`.

mod expression;

use std::collections::BTreeMap;

use crate::failure::{Failure, Outcome};
use crate::metadata::{Metadata, Package};

/// Permissive licences that fit MIT OR Apache-2.0 without further duties than
/// keeping their text.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Single crates under another licence, each with the reason for which it is taken all the same
/// in docs/adr/0009-licences-and-advisories-are-checked-by-xtask.md.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("progenitor", "MPL-2.0"),
    ("progenitor-client", "MPL-2.0"),
    ("progenitor-impl", "MPL-2.0"),
    ("sse-codec", "MPL-2.0"),
];

/// crates.io, as git index and as sparse index.
const ORIGINS: &[&str] = &[
    "registry+https://github.com/rust-lang/crates.io-index",
    "sparse+https://index.crates.io/",
];

/// `cargo xtask licences`: the check, after a table of what there is.
pub(crate) fn report(metadata: &Metadata) -> Outcome {
    let mut packages_by_licence: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in outsiders(metadata) {
        let licence = package.licence.as_deref().unwrap_or("(none stated)");
        packages_by_licence
            .entry(licence)
            .or_default()
            .push(&package.name);
    }
    for (licence, packages) in packages_by_licence {
        println!("{:>4}  {licence}: {}", packages.len(), packages.join(", "));
    }
    check(metadata)
}

pub(crate) fn check(metadata: &Metadata) -> Outcome {
    let complaints: Vec<String> = outsiders(metadata).flat_map(complaints_about).collect();
    if complaints.is_empty() {
        println!(
            "{} dependencies, all allowed and from crates.io",
            outsiders(metadata).count()
        );
        return Ok(());
    }
    Err(Failure::because(format!(
        "dependencies that the house does not take (the lists: crates/xtask/src/licences.rs):\n  {}",
        complaints.join("\n  ")
    )))
}

fn outsiders(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.packages.iter().filter(|package| !package.is_ours)
}

fn complaints_about(package: &Package) -> Vec<String> {
    let named = format!("{} {}", package.name, package.version);
    let mut complaints = Vec::new();
    match package.licence.as_deref() {
        None => complaints.push(format!("{named} states no licence")),
        Some(licence) => match expression::is_satisfied(licence, |id| is_allowed(package, id)) {
            Some(true) => {}
            Some(false) => complaints.push(format!("{named} is under {licence}")),
            None => complaints.push(format!("{named} states `{licence}`, no SPDX expression")),
        },
    }
    let origin = package
        .origin
        .as_deref()
        .unwrap_or("a folder outside this workspace");
    if !ORIGINS.contains(&origin) {
        complaints.push(format!("{named} comes from {origin}"));
    }
    complaints
}

fn is_allowed(package: &Package, licence: &str) -> bool {
    ALLOWED.contains(&licence) || EXCEPTIONS.contains(&(package.name.as_str(), licence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(licence: Option<&str>, origin: Option<&str>) -> Package {
        Package {
            id: "left-pad@1".into(),
            name: "left-pad".into(),
            version: "1.0.0".into(),
            manifest: "/registry/left-pad/Cargo.toml".into(),
            is_ours: false,
            licence: licence.map(str::to_owned),
            origin: origin.map(str::to_owned),
            declared: Vec::new(),
            links: Vec::new(),
        }
    }

    #[test]
    fn a_permissive_crate_from_the_registry_is_taken() {
        let good = dependency(Some("MIT OR GPL-3.0-only"), Some(ORIGINS[0]));
        assert_eq!(complaints_about(&good), [""; 0]);
    }

    #[test]
    fn each_fault_is_named() {
        let faults = [
            (
                Some("GPL-3.0-only"),
                Some(ORIGINS[1]),
                "left-pad 1.0.0 is under GPL-3.0-only",
            ),
            (None, Some(ORIGINS[0]), "left-pad 1.0.0 states no licence"),
            (
                Some("MIT OR"),
                Some(ORIGINS[0]),
                "left-pad 1.0.0 states `MIT OR`, no SPDX expression",
            ),
            (
                Some("MIT"),
                Some("git+https://x"),
                "left-pad 1.0.0 comes from git+https://x",
            ),
            (
                Some("MIT"),
                None,
                "left-pad 1.0.0 comes from a folder outside this workspace",
            ),
        ];
        for (licence, origin, complaint) in faults {
            assert_eq!(complaints_about(&dependency(licence, origin)), [complaint]);
        }
    }

    #[test]
    fn an_exception_is_for_one_crate_alone() {
        let (name, licence) = EXCEPTIONS[0];
        let mut package = dependency(Some(licence), Some(ORIGINS[0]));
        assert_eq!(complaints_about(&package).len(), 1);
        package.name = name.into();
        assert_eq!(complaints_about(&package), [""; 0]);
    }
}
