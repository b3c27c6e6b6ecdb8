//! The committed API document: `docs/openapi.json` is what the gateway prints.

mod lint;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::{process, python};

const VALIDATION: &str = "\
import sys
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename
document, address = read_from_filename(sys.argv[1])
validate(document, base_uri=address)
print('a valid OpenAPI', document['openapi'], 'document:', len(document['paths']), 'paths')";

pub(crate) fn rewrite(metadata: &Metadata) -> Outcome {
    let document = printed_by_gateway()?;
    let committed = committed(metadata);
    std::fs::write(&committed, &document).map_err(Failure::at(&committed, "write"))?;
    println!(
        "wrote {} ({} lines)",
        committed.display(),
        document.lines().count()
    );
    Ok(())
}

/// The committed document is up to date, valid by a public validator, and clean by two public
/// linters.
pub(crate) fn check(metadata: &Metadata) -> Outcome {
    let document = committed(metadata);
    is_up_to_date(&document)?;
    is_valid(metadata, &document)?;
    lint::check(metadata, &document)
}

fn is_up_to_date(committed: &Path) -> Outcome {
    let printed = printed_by_gateway()?;
    let committed = std::fs::read_to_string(committed).map_err(Failure::at(committed, "read"))?;
    match first_difference(&committed, &printed) {
        None => Ok(()),
        Some(difference) => Err(Failure::because(format!(
            "docs/openapi.json is not what the gateway prints (first at {difference}): \
             run `cargo xtask openapi` and commit the file"
        ))),
    }
}

fn is_valid(metadata: &Metadata, document: &Path) -> Outcome {
    let verdict = process::capture(
        Command::new(python::interpreter(&metadata.target))
            .args(["-c", VALIDATION])
            .arg(document),
    );
    let verdict = verdict.map_err(|complaint| {
        Failure::because(format!(
            "openapi-spec-validator does not accept docs/openapi.json: {complaint}"
        ))
    })?;
    print!("{verdict}");
    Ok(())
}

fn committed(metadata: &Metadata) -> PathBuf {
    metadata.root.join("docs/openapi.json")
}

fn printed_by_gateway() -> Outcome<String> {
    process::capture(&mut process::cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--package",
        "batchway-gateway",
        "--bin",
        "batchway",
        "--",
        "openapi",
    ]))
}

fn first_difference(committed: &str, printed: &str) -> Option<String> {
    if committed == printed {
        return None;
    }
    let same = committed
        .lines()
        .zip(printed.lines())
        .take_while(|(a, b)| a == b)
        .count();
    let of = |text: &str| {
        text.lines()
            .nth(same)
            .unwrap_or("the end")
            .trim()
            .to_owned()
    };
    Some(format!(
        "line {}: `{}`, now `{}`",
        same + 1,
        of(committed),
        of(printed)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_line() {
        assert_eq!(first_difference("{\n}\n", "{\n}\n"), None);
        let changed = first_difference("{\n  \"a\": 1\n}", "{\n  \"a\": 2\n}");
        assert_eq!(
            changed.as_deref(),
            Some("line 2: `\"a\": 1`, now `\"a\": 2`")
        );
    }

    #[test]
    fn a_missing_line_is_a_difference() {
        let cut = first_difference("{\n", "{\n}\n");
        assert_eq!(cut.as_deref(), Some("line 2: `the end`, now `}`"));
    }
}
