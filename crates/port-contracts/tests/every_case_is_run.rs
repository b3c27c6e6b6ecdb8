//! A case that no macro names would be run by nobody, and nobody would notice.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The modules that define a macro.
const CONTRACTS: [&str; 9] = [
    "job_store",
    "mirror_backlog",
    "sweep_ledger",
    "webhook_outbox",
    "webhook_secrets",
    "artifact_store",
    "compute_backend",
    "event_feed",
    "webhook_sender",
];

#[test]
fn the_macros_name_every_case_and_nothing_else() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut written = BTreeSet::new();
    for port in folders_of(&source) {
        for file in fs::read_dir(source.join(&port)).unwrap() {
            let path = file.unwrap().path();
            let subject = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            written.extend(cases_of(&text).map(|case| format!("{port}::{subject}::{case}")));
        }
    }
    let mut named = Vec::new();
    for contract in CONTRACTS {
        let text = fs::read_to_string(source.join(contract).join("mod.rs")).unwrap();
        named.extend(names_in_macro(&text));
    }
    assert!(written.len() > 100, "{} cases", written.len());
    assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), written);
    assert_eq!(named.len(), written.len(), "none is named twice");
}

fn folders_of(source: &Path) -> Vec<String> {
    let entries = fs::read_dir(source).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// What a file offers as `pub async fn`.
fn cases_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("pub async fn "))
        .filter_map(|rest| rest.split('(').next())
}

/// `port::subject::case` for each case between `port::subject {` and `}`.
fn names_in_macro(text: &str) -> Vec<String> {
    let mut group = None;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(begun) = line.strip_suffix(" {").filter(|head| !head.contains(' ')) {
            group = begun.contains("::").then(|| begun.to_owned());
        } else if line == "}" {
            group = None;
        } else if let (Some(group), Some(case)) = (&group, line.strip_suffix(',')) {
            names.push(format!("{group}::{case}"));
        }
    }
    names
}
