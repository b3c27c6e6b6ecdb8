//! What every manifest must say.

use super::violation::Violation;
use crate::failure::{Failure, Outcome};
use crate::metadata::Package;

pub(crate) fn violations(package: &Package) -> Outcome<Option<Violation>> {
    let text = std::fs::read_to_string(&package.manifest)
        .map_err(Failure::at(&package.manifest, "read"))?;
    let manifest: toml::Table = text.parse().map_err(|error| {
        Failure::because(format!(
            "cannot understand {}: {error}",
            package.manifest.display()
        ))
    })?;
    if inherits_lints(&manifest) {
        return Ok(None);
    }
    Ok(Some(Violation::LintsNotInherited {
        folder: package.folder_name().to_owned(),
    }))
}

fn inherits_lints(manifest: &toml::Table) -> bool {
    manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inherits(manifest: &str) -> bool {
        inherits_lints(&manifest.parse().expect("well-formed"))
    }

    #[test]
    fn lints_are_inherited_only_where_the_manifest_says_so() {
        assert!(inherits("[package]\nname = 'a'\n[lints]\nworkspace = true"));
        assert!(inherits("lints.workspace = true"));
        assert!(!inherits("[package]\nname = 'a'"));
        assert!(!inherits("[lints]\nworkspace = false"));
        assert!(!inherits("# [lints]\n# workspace = true"));
    }
}
