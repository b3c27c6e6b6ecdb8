//! What the sources of a crate must not mention, and must insist on.

use std::path::Path;

use super::table::Row;
use super::violation::Violation;
use crate::failure::{Failure, Outcome};
use crate::rust_source;

/// `root` is only taken off the paths that are reported.
pub(crate) fn violations(folder: &Path, root: &Path, row: &Row) -> Outcome<Vec<Violation>> {
    let mut found = Vec::new();
    let library = folder.join("src/lib.rs");
    if row.is_documented && !insists_on_documentation(&read(&library)?) {
        let file = relative(&library, root);
        found.push(Violation::PublicItemsMayLackDocumentation { file });
    }
    if row.never_mentions.is_empty() {
        return Ok(found);
    }
    for file in rust_source::files_below(&folder.join("src"))? {
        for mention in rust_source::standard_paths(&read(&file)?) {
            if row
                .never_mentions
                .iter()
                .any(|forbidden| gives_access(&mention.path, forbidden))
            {
                let place = format!("{}:{}", relative(&file, root), mention.line);
                found.push(Violation::Mentions {
                    place,
                    path: mention.path,
                });
            }
        }
    }
    Ok(found)
}

fn insists_on_documentation(library: &str) -> bool {
    library.lines().any(|line| {
        let strength = ["#![warn(", "#![deny(", "#![forbid("];
        strength.iter().any(|start| line.starts_with(start)) && line.contains("missing_docs")
    })
}

/// A module above the forbidden path counts too: what is taken with `use std::time;`
/// or `use std::time::*;` is used by a shorter name.
fn gives_access(path: &str, forbidden: &str) -> bool {
    let is_below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let path = path.strip_suffix("::*").unwrap_or(path);
    is_below(path, forbidden) || is_below(forbidden, path)
}

fn read(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(Failure::at(file, "read"))
}

fn relative(file: &Path, root: &Path) -> String {
    file.strip_prefix(root)
        .unwrap_or(file)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_forbidden_path_is_forbidden_too() {
        assert!(gives_access("std::fs", "std::fs"));
        assert!(gives_access("std::fs::read", "std::fs"));
        assert!(gives_access("std::time", "std::time::Instant"));
        assert!(gives_access("std::time::*", "std::time::Instant"));
        assert!(gives_access("std::*", "std::fs"));
        assert!(!gives_access("std::fsck", "std::fs"));
        assert!(!gives_access("std::time::Duration", "std::time::Instant"));
    }

    #[test]
    fn only_a_lint_that_speaks_up_insists_on_documentation() {
        assert!(insists_on_documentation("//! Doc.\n#![warn(missing_docs)]"));
        assert!(insists_on_documentation(
            "#![deny(unreachable_pub, missing_docs)]"
        ));
        assert!(!insists_on_documentation("#![allow(missing_docs)]"));
        assert!(!insists_on_documentation("// #![warn(missing_docs)]"));
    }
}
