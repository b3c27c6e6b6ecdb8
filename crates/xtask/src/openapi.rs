//! The committed API document: `docs/openapi.json` is what the gateway prints.

mod changes;
mod lint;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

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

/// Makes the document of today the one that clients rely on, with the release of its version.
pub(crate) fn release(metadata: &Metadata) -> Outcome {
    rewrite(metadata)?;
    breaks_nobody(metadata)?;
    let (committed, released) = (committed(metadata), released(metadata));
    std::fs::copy(&committed, &released).map_err(Failure::at(&released, "write"))?;
    println!("wrote {}", released.display());
    Ok(())
}

/// The committed document is up to date, valid by a public validator, clean by two public
/// linters, and breaks no client of the released one.
pub(crate) fn check(metadata: &Metadata) -> Outcome {
    let document = committed(metadata);
    is_up_to_date(&document)?;
    is_valid(metadata, &document)?;
    lint::check(metadata, &document)?;
    breaks_nobody(metadata)
}

/// A breaking change is one that the version announces.
fn breaks_nobody(metadata: &Metadata) -> Outcome {
    let (old, new) = (read(&released(metadata))?, read(&committed(metadata))?);
    let breaking = changes::breaking(&old, &new);
    let version = |document: &Value| {
        let version = document["info"]["version"].as_str();
        version.unwrap_or_default().to_owned()
    };
    let (old, new) = (version(&old), version(&new));
    let is_permitted = changes::permits_breaking(&old, &new)?;
    if breaking.is_empty() {
        println!("no client of version {old} is broken by the document of version {new}");
        return Ok(());
    }
    let list: Vec<String> = breaking
        .iter()
        .map(|change| format!("  {change}"))
        .collect();
    let list = list.join("\n");
    if is_permitted {
        println!("version {new} announces what breaks clients of version {old}:\n{list}");
        return Ok(());
    }
    Err(Failure::because(format!(
        "docs/openapi.json breaks clients of the released version {old}, and its own version, \
         {new}, does not say so (docs/api-changes.md tells what to do):\n{list}"
    )))
}

fn read(document: &Path) -> Outcome<Value> {
    let text = std::fs::read_to_string(document).map_err(Failure::at(document, "read"))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::because(format!("{} is not JSON: {error}", document.display())))
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

fn released(metadata: &Metadata) -> PathBuf {
    metadata.root.join("docs/openapi.released.json")
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
