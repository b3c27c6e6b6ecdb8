//! What `cargo metadata` says of the workspace, read by hand and kept small.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::process;

#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) root: PathBuf,
    /// Where cargo builds to; `CARGO_TARGET_DIR` and configuration are already in it.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest: PathBuf,
    pub(crate) is_ours: bool,
    pub(crate) licence: Option<String>,
    /// Where it comes from; nothing for a package of this workspace.
    pub(crate) origin: Option<String>,
    /// As its manifest names them, by the name of the package.
    pub(crate) declared: Vec<Dependency>,
    /// The ids of what it links: normal and build dependencies, as resolved.
    pub(crate) links: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    /// Part of what is shipped: normal and build dependencies.
    Shipped,
    /// Only tests, examples and benchmarks see it.
    Development,
}

impl Metadata {
    /// Everything, with the resolved graph of all dependencies.
    pub(crate) fn load() -> Outcome<Self> {
        Self::ask_cargo(&["metadata", "--format-version=1", "--locked"])
    }

    /// Only our own packages, without resolving anything: fast, and possible offline.
    pub(crate) fn load_workspace() -> Outcome<Self> {
        Self::ask_cargo(&["metadata", "--format-version=1", "--no-deps"])
    }

    fn ask_cargo(arguments: &[&str]) -> Outcome<Self> {
        let document = process::capture(&mut process::cargo(arguments))?;
        let document = serde_json::from_str(&document).map_err(|error| {
            Failure::because(format!("`cargo metadata` did not print JSON: {error}"))
        })?;
        Self::read(&document).ok_or_else(|| {
            Failure::because("`cargo metadata` printed a document of an unknown form")
        })
    }

    fn read(document: &Value) -> Option<Self> {
        let members: Vec<&str> = document["workspace_members"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let nodes = document["resolve"]["nodes"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let packages = document["packages"].as_array()?;
        Some(Self {
            root: document["workspace_root"].as_str()?.into(),
            target: document["target_directory"].as_str()?.into(),
            packages: packages
                .iter()
                .map(|package| Package::read(package, &members, nodes))
                .collect::<Option<_>>()?,
        })
    }

    pub(crate) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_ours)
    }
}

impl Package {
    fn read(package: &Value, members: &[&str], nodes: &[Value]) -> Option<Self> {
        let id = package["id"].as_str()?;
        let declared = package["dependencies"].as_array()?;
        let node = nodes.iter().find(|node| node["id"] == id);
        let resolved = node
            .and_then(|node| node["deps"].as_array())
            .map_or(&[][..], Vec::as_slice);
        Some(Self {
            id: id.to_owned(),
            name: package["name"].as_str()?.to_owned(),
            version: package["version"].as_str()?.to_owned(),
            manifest: package["manifest_path"].as_str()?.into(),
            is_ours: members.contains(&id),
            licence: package["license"].as_str().map(str::to_owned),
            origin: package["source"].as_str().map(str::to_owned),
            declared: declared
                .iter()
                .map(Dependency::read)
                .collect::<Option<_>>()?,
            links: resolved
                .iter()
                .filter(|edge| is_shipped(edge))
                .filter_map(|edge| edge["pkg"].as_str().map(str::to_owned))
                .collect(),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }

    /// The last part of its folder, which is what the table of crates calls it.
    pub(crate) fn folder_name(&self) -> &str {
        self.folder()
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }
}

impl Dependency {
    fn read(dependency: &Value) -> Option<Self> {
        let kind = match dependency["kind"].as_str() {
            Some("dev") => DependencyKind::Development,
            _ => DependencyKind::Shipped,
        };
        Some(Self {
            name: dependency["name"].as_str()?.to_owned(),
            kind,
        })
    }
}

fn is_shipped(edge: &Value) -> bool {
    edge["dep_kinds"].as_array().is_some_and(|kinds| {
        kinds
            .iter()
            .any(|kind| kind["kind"].as_str() != Some("dev"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({
            "workspace_root": "/house",
            "target_directory": "/elsewhere/target",
            "workspace_members": ["path+file:///house/crates/domain#batchway-domain@0.1.0"],
            "packages": [
                {
                    "id": "path+file:///house/crates/domain#batchway-domain@0.1.0",
                    "name": "batchway-domain", "version": "0.1.0", "source": null,
                    "license": "MIT", "manifest_path": "/house/crates/domain/Cargo.toml",
                    "dependencies": [
                        {"name": "serde", "kind": null},
                        {"name": "proptest", "kind": "dev"},
                        {"name": "cc", "kind": "build"},
                    ],
                },
                {
                    "id": "registry+x#serde@1.0.0", "name": "serde", "version": "1.0.0",
                    "source": "registry+x", "license": "MIT OR Apache-2.0",
                    "manifest_path": "/registry/serde/Cargo.toml", "dependencies": [],
                },
            ],
            "resolve": {"nodes": [{
                "id": "path+file:///house/crates/domain#batchway-domain@0.1.0",
                "deps": [
                    {"pkg": "registry+x#serde@1.0.0", "dep_kinds": [{"kind": null}]},
                    {"pkg": "registry+x#proptest@1.0.0", "dep_kinds": [{"kind": "dev"}]},
                    {"pkg": "registry+x#both@1.0.0", "dep_kinds": [{"kind": "dev"}, {"kind": "build"}]},
                ],
            }]},
        })
    }

    #[test]
    fn our_packages_are_told_from_others() {
        let metadata = Metadata::read(&document()).expect("well-formed");
        let ours: Vec<_> = metadata.ours().map(Package::folder_name).collect();
        assert_eq!(ours, ["domain"]);
        assert_eq!(metadata.target, Path::new("/elsewhere/target"));
    }

    #[test]
    fn what_only_tests_use_is_not_linked() {
        let metadata = Metadata::read(&document()).expect("well-formed");
        let domain = &metadata.packages[0];
        assert_eq!(
            domain.links,
            ["registry+x#serde@1.0.0", "registry+x#both@1.0.0"]
        );
        let for_tests: Vec<_> = domain
            .declared
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Development)
            .map(|dependency| dependency.name.as_str())
            .collect();
        assert_eq!(for_tests, ["proptest"]);
    }

    #[test]
    fn a_document_of_another_form_is_refused() {
        let mut document = document();
        document["packages"][0]["name"] = json!(7);
        assert!(Metadata::read(&document).is_none());
    }
}
