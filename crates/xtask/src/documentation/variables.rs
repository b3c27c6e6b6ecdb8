//! `BATCHWAY_*` variables: what the gateway reads and what `.env.example`
//! explains are the same.

use std::collections::BTreeSet;
use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::rust_source;

const PREFIX: &str = "BATCHWAY_";

pub(super) fn complaints(root: &Path) -> Outcome<Vec<String>> {
    let mut read = BTreeSet::new();
    for file in rust_source::files_below(&root.join("crates/gateway/src"))? {
        if file.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(Failure::at(&file, "read"))?;
        let shipped = rust_source::lines_before_tests(&text);
        read.extend(text.lines().take(shipped).flat_map(names_in));
    }
    let example = root.join(".env.example");
    let text = std::fs::read_to_string(&example).map_err(Failure::at(&example, "read"))?;
    let explained: BTreeSet<String> = text.lines().flat_map(names_in).collect();

    let missing = read.difference(&explained);
    let obsolete = explained.difference(&read);
    Ok(missing
        .map(|name| format!(".env.example does not explain {name}, which the gateway reads"))
        .chain(
            obsolete.map(|name| format!(".env.example has {name}, which the gateway never reads")),
        )
        .collect())
}

fn names_in(line: &str) -> Vec<String> {
    line.match_indices(PREFIX)
        .filter_map(|(start, _)| {
            let rest = &line[start..];
            let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            // `BATCHWAY_*` in prose is no name.
            (end > PREFIX.len()).then(|| rest[..end].to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn complaints_about(source: &str, example: &str) -> Vec<String> {
        let house = tempfile::tempdir().expect("a folder");
        let sources = house.path().join("crates/gateway/src");
        fs::create_dir_all(&sources).expect("a folder");
        fs::write(sources.join("main.rs"), source).expect("a file");
        fs::write(house.path().join(".env.example"), example).expect("a file");
        complaints(house.path()).expect("readable")
    }

    #[test]
    fn variables_that_are_read_and_explained_pass() {
        let source = "const LISTEN: &str = \"BATCHWAY_LISTEN\"; // one of BATCHWAY_*";
        assert_eq!(
            complaints_about(source, "# BATCHWAY_LISTEN=127.0.0.1:8000"),
            [""; 0]
        );
    }

    #[test]
    fn each_side_that_lacks_one_is_told() {
        let expected = [
            ".env.example does not explain BATCHWAY_LOG, which the gateway reads",
            ".env.example has BATCHWAY_COLOUR, which the gateway never reads",
        ];
        assert_eq!(
            complaints_about("\"BATCHWAY_LOG\"", "BATCHWAY_COLOUR=red"),
            expected
        );
    }

    #[test]
    fn names_that_only_tests_use_need_no_explanation() {
        let source = "\n#[cfg(test)]\nmod tests {\n    \"BATCHWAY_NONSENSE\"\n}";
        assert_eq!(complaints_about(source, ""), [""; 0]);
    }
}
