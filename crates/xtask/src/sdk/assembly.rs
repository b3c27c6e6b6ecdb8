//! What a package is put together from: the document, and files of `sdk/`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;

/// What stands in the manifests of `sdk/` in place of the version, which is the document's.
const NO_VERSION: &str = "0.0.0";

/// What the SDKs are generated from.
pub(super) struct Source {
    pub(super) document: PathBuf,
    /// Of the API, and so of the packages.
    pub(super) version: String,
}

impl Source {
    pub(super) fn read(metadata: &Metadata) -> Outcome<Self> {
        let document = metadata.root.join("docs/openapi.json");
        let text = std::fs::read_to_string(&document).map_err(Failure::at(&document, "read"))?;
        let version = serde_json::from_str(&text)
            .ok()
            .and_then(|json: Value| Some(json["info"]["version"].as_str()?.to_owned()))
            .ok_or_else(|| Failure::because("docs/openapi.json states no version"))?;
        Ok(Self { document, version })
    }
}

/// An empty folder.
pub(super) fn make_anew(folder: &Path) -> Outcome {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::at(folder, "remove")(error));
        }
        _ => {}
    }
    std::fs::create_dir_all(folder).map_err(Failure::at(folder, "make"))
}

/// A file or a folder with all that is in it, over what is there.
pub(super) fn copy(from: &Path, to: &Path) -> Outcome {
    if !from.is_dir() {
        return std::fs::copy(from, to)
            .map(|_| ())
            .map_err(Failure::at(from, "copy"));
    }
    std::fs::create_dir_all(to).map_err(Failure::at(to, "make"))?;
    for name in names_in(from)? {
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// A manifest, with the version that it leaves open.
pub(super) fn copy_with_version(from: &Path, to: &Path, version: &str) -> Outcome {
    let text = std::fs::read_to_string(from).map_err(Failure::at(from, "read"))?;
    let text = text.replace(&format!("\"{NO_VERSION}\""), &format!("\"{version}\""));
    std::fs::write(to, text).map_err(Failure::at(to, "write"))
}

/// The names in a folder, sorted, without what interpreters leave there.
pub(super) fn names_in(folder: &Path) -> Outcome<Vec<String>> {
    let read = || -> std::io::Result<Vec<String>> {
        std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    let mut names = read().map_err(Failure::at(folder, "read"))?;
    names.retain(|name| name != "__pycache__" && name != "node_modules");
    names.sort();
    Ok(names)
}

/// The one file of a folder whose name ends so.
pub(super) fn only_file(folder: &Path, ending: &str) -> Outcome<PathBuf> {
    let names = names_in(folder)?;
    let mut fitting = names.iter().filter(|name| name.ends_with(ending));
    match (fitting.next(), fitting.next()) {
        (Some(name), None) => Ok(folder.join(name)),
        _ => Err(Failure::because(format!(
            "{} should have one file {ending}: {}",
            folder.display(),
            names.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_given_its_version() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, r#"{"name": "x", "version": "0.0.0"}"#).expect("written");
        copy_with_version(&from, &to, "1.2.3").expect("copied");
        let text = std::fs::read_to_string(&to).expect("there");
        assert_eq!(text, r#"{"name": "x", "version": "1.2.3"}"#);
    }

    #[test]
    fn a_folder_is_laid_over_another() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for (place, text) in [
            ("from/a/new", "new"),
            ("from/b", "ours"),
            ("to/b", "theirs"),
        ] {
            let file = folder.path().join(place);
            std::fs::create_dir_all(file.parent().expect("it has one")).expect("made");
            std::fs::write(&file, text).expect("written");
        }
        copy(&from, &to).expect("copied");
        assert_eq!(names_in(&to).expect("there"), ["a", "b"]);
        assert_eq!(
            std::fs::read_to_string(to.join("b")).expect("there"),
            "ours"
        );
        assert_eq!(only_file(&to, "b").expect("one"), to.join("b"));
        assert!(only_file(&to, "c").is_err());
    }
}
