//! Small houses in which one rule at a time is broken.

use std::fs;
use std::path::PathBuf;

use super::dependencies;
use super::sources;
use super::table::{NEVER_USED, Ours, Row, TABLE};
use super::violation::Violation;
use crate::metadata::{Dependency, DependencyKind, Metadata, Package};

fn ours(folder: &str) -> Package {
    package(
        &format!("batchway-{folder}"),
        &format!("/house/crates/{folder}/Cargo.toml"),
        true,
    )
}

fn outsider(name: &str) -> Package {
    package(name, &format!("/registry/{name}/Cargo.toml"), false)
}

fn package(name: &str, manifest: &str, is_ours: bool) -> Package {
    Package {
        id: format!("{name}@1"),
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        manifest: manifest.into(),
        is_ours,
        licence: Some("MIT".to_owned()),
        origin: None,
        declared: Vec::new(),
        links: Vec::new(),
    }
}

impl Package {
    fn ships(mut self, name: &str) -> Self {
        self.links.push(format!("{name}@1"));
        self.declares(name, DependencyKind::Shipped)
    }

    fn tests_with(self, name: &str) -> Self {
        self.declares(name, DependencyKind::Development)
    }

    fn declares(mut self, name: &str, kind: DependencyKind) -> Self {
        self.declared.push(Dependency {
            name: name.to_owned(),
            kind,
        });
        self
    }
}

fn violations_of(packages: impl IntoIterator<Item = Package>) -> Vec<Violation> {
    let metadata = Metadata {
        root: PathBuf::from("/house"),
        target: PathBuf::from("/house/target"),
        packages: packages.into_iter().collect(),
    };
    dependencies::violations(&metadata, TABLE)
}

fn only_violation_of(packages: impl IntoIterator<Item = Package>) -> Violation {
    let mut found = violations_of(packages);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn row(folder: &str) -> &'static Row {
    TABLE
        .iter()
        .find(|row| row.folder == folder)
        .expect("in the table")
}

#[test]
fn a_house_in_order_passes() {
    let found = violations_of([
        outsider("tokio"),
        outsider("rusqlite"),
        outsider("poem"),
        outsider("serde"),
        ours("domain")
            .ships("serde")
            .tests_with("batchway-memory-adapters"),
        ours("memory-adapters")
            .ships("batchway-domain")
            .ships("tokio"),
        ours("port-contracts").ships("batchway-domain"),
        ours("application").ships("batchway-domain").ships("tokio"),
        ours("job-store-sqlite")
            .ships("batchway-domain")
            .ships("rusqlite")
            .tests_with("batchway-port-contracts"),
        ours("http-api")
            .ships("batchway-application")
            .ships("batchway-domain")
            .ships("poem"),
        ours("gateway")
            .ships("batchway-http-api")
            .ships("batchway-job-store-sqlite"),
        ours("end-to-end-tests").tests_with("batchway-http-api"),
    ]);
    assert_eq!(found, []);
}

#[test]
fn a_crate_without_a_row_is_refused() {
    let violation = only_violation_of([ours("helpers")]);
    assert_eq!(
        violation,
        Violation::NotInTable {
            folder: "helpers".into()
        }
    );
    assert!(
        violation.to_string().contains("say why in an ADR"),
        "{violation}"
    );
}

#[test]
fn a_package_is_called_as_its_folder() {
    let odd = package("batchway-core", "/house/crates/domain/Cargo.toml", true);
    let expected = Violation::NameDiffersFromFolder {
        folder: "domain".into(),
        package: "batchway-core".into(),
    };
    assert_eq!(only_violation_of([odd]), expected);
}

#[test]
fn an_adapter_does_not_use_another() {
    let violation = only_violation_of([
        ours("artifact-store-filesystem"),
        ours("job-store-sqlite").ships("batchway-artifact-store-filesystem"),
    ]);
    let expected = Violation::UsesForbiddenCrate {
        folder: "job-store-sqlite".into(),
        used: "artifact-store-filesystem".into(),
    };
    assert_eq!(violation, expected);
}

#[test]
fn what_tests_may_use_is_not_shipped() {
    let violation = only_violation_of([
        ours("memory-adapters"),
        ours("application").ships("batchway-memory-adapters"),
    ]);
    let expected = Violation::UsesForbiddenCrate {
        folder: "application".into(),
        used: "memory-adapters".into(),
    };
    assert_eq!(violation, expected);
}

#[test]
fn tests_of_an_adapter_do_not_use_another() {
    let violation = only_violation_of([
        ours("job-store-sqlite"),
        ours("compute-local-process").tests_with("batchway-job-store-sqlite"),
    ]);
    let expected = Violation::TestsUseForbiddenCrate {
        folder: "compute-local-process".into(),
        used: "job-store-sqlite".into(),
    };
    assert_eq!(violation, expected);
}

#[test]
fn nothing_depends_on_the_gateway_not_even_a_test() {
    let violation = only_violation_of([
        ours("gateway"),
        ours("end-to-end-tests").tests_with("batchway-gateway"),
    ]);
    let expected = Violation::DependsOnTheTop {
        folder: "end-to-end-tests".into(),
        used: "gateway".into(),
    };
    assert_eq!(violation, expected);
}

#[test]
fn an_outsider_is_found_through_others_with_the_way_to_it() {
    let violation = only_violation_of([
        ours("domain").ships("innocent"),
        outsider("innocent").ships("tokio"),
        outsider("tokio"),
    ]);
    let expected = Violation::LinksOutsider {
        folder: "domain".into(),
        are: "an async runtime",
        chain: vec!["batchway-domain".into(), "innocent".into(), "tokio".into()],
    };
    assert_eq!(violation, expected);
}

#[test]
fn each_crate_keeps_away_from_what_the_table_names() {
    let never = [
        (
            "domain",
            [
                "tokio",
                "poem",
                "aws-sdk-s3",
                "fred",
                "rusqlite",
                "sqlx",
                "getrandom",
            ]
            .as_slice(),
        ),
        (
            "application",
            &["poem-openapi", "aws-config", "fred", "libsqlite3-sys"],
        ),
        ("http-api", &["aws-sdk-batch", "fred", "rusqlite"]),
        ("job-runner", &["fred", "poem"]),
    ];
    for (folder, outsiders) in never {
        for name in outsiders {
            let violation = only_violation_of([ours(folder).ships(name), outsider(name)]);
            assert!(
                matches!(violation, Violation::LinksOutsider { .. }),
                "{folder}, {name}"
            );
        }
    }
}

#[test]
fn cryptography_of_the_same_prefix_is_no_sdk() {
    let found = violations_of([ours("http-api").ships("aws-lc-rs"), outsider("aws-lc-rs")]);
    assert_eq!(found, []);
}

#[test]
fn a_circle_of_outsiders_ends() {
    let found = violations_of([
        ours("domain").ships("egg"),
        outsider("egg").ships("hen"),
        outsider("hen").ships("egg"),
    ]);
    assert_eq!(found, []);
}

#[test]
fn an_impure_domain_is_reported_by_file_and_line() {
    let house = tempfile::tempdir().expect("a folder");
    let folder = house.path().join("crates/domain");
    fs::create_dir_all(folder.join("src/job")).expect("a folder");
    fs::write(
        folder.join("src/lib.rs"),
        "//! Jobs.\nuse std::time::Duration;\n",
    )
    .expect("a file");
    fs::write(
        folder.join("src/job/id.rs"),
        "// As std::env.\nuse std::{fs, fmt};\n",
    )
    .expect("a file");

    let found = sources::violations(&folder, house.path(), row("domain")).expect("readable");

    let expected = [
        Violation::PublicItemsMayLackDocumentation {
            file: "crates/domain/src/lib.rs".into(),
        },
        Violation::Mentions {
            place: "crates/domain/src/job/id.rs:2".into(),
            path: "std::fs".into(),
        },
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_table_names_each_folder_once() {
    let mut folders: Vec<_> = TABLE.iter().map(|row| row.folder).collect();
    folders.sort_unstable();
    folders.dedup();
    assert_eq!(folders.len(), TABLE.len());
}

#[test]
fn the_table_speaks_of_folders_it_knows() {
    for row in TABLE {
        for ours in [row.may_use, row.tests_may_use] {
            if let Ours::Only(folders) = ours {
                assert!(
                    folders
                        .iter()
                        .all(|folder| TABLE.iter().any(|row| row.folder == *folder))
                );
            }
        }
    }
    assert!(
        NEVER_USED
            .iter()
            .all(|folder| TABLE.iter().any(|row| row.folder == *folder))
    );
}
