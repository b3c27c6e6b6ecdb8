//! Links between Markdown files: the file is there, and so is the heading.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

pub(super) fn complaints(root: &Path) -> Outcome<Vec<String>> {
    let mut complaints = Vec::new();
    for file in documents_below(root)? {
        let text = std::fs::read_to_string(&file).map_err(Failure::at(&file, "read"))?;
        for (line, target) in links_in(&text) {
            if let Some(fault) = fault_of(&target, &file, &text) {
                let place = file.strip_prefix(root).unwrap_or(&file).display();
                complaints.push(format!("{place}:{line}: ({target}): {fault}"));
            }
        }
    }
    Ok(complaints)
}

/// Build results and hidden folders hold none of our documents.
pub(super) fn documents_below(root: &Path) -> Outcome<Vec<PathBuf>> {
    let mut documents = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("CACHEDIR.TAG").exists() {
            continue;
        }
        for entry in std::fs::read_dir(&folder).map_err(Failure::at(&folder, "list"))? {
            let entry = entry.map_err(Failure::at(&folder, "list"))?;
            let path = entry.path();
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            if path.is_dir() && !is_hidden {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                documents.push(path);
            }
        }
    }
    documents.sort();
    Ok(documents)
}

fn fault_of(target: &str, file: &Path, text: &str) -> Option<String> {
    let leads_outside = target.contains("://") || target.starts_with("mailto:");
    if leads_outside {
        return None;
    }
    let (path, heading) = match target.split_once('#') {
        Some((path, heading)) => (path, Some(heading)),
        None => (target, None),
    };
    let path = path.replace("%20", " ");
    let destination = file.parent()?.join(&path);
    if !path.is_empty() && !destination.exists() {
        return Some("no such file".to_owned());
    }
    let heading = heading?;
    let has_heading = if path.is_empty() {
        has_heading(text, heading)
    } else if destination
        .extension()
        .is_some_and(|extension| extension == "md")
    {
        std::fs::read_to_string(&destination).is_ok_and(|text| has_heading(&text, heading))
    } else {
        true
    };
    (!has_heading).then(|| format!("no heading #{heading}"))
}

/// Targets of `[text](target)`, `![text](target)` and `[name]: target`, with
/// their lines; nothing from code.
fn links_in(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (line, prose) in prose_lines(text) {
        let definition = prose.trim_start().strip_prefix('[').and_then(|rest| {
            let (name, target) = rest.split_once("]: ")?;
            (!name.contains(']')).then_some(target)
        });
        let inline = prose
            .match_indices("](")
            .map(|(at, opening)| &prose[at + opening.len()..]);
        let targets = inline
            .filter_map(|rest| rest.split(')').next())
            .chain(definition);
        // A title may follow: (target "title").
        let targets = targets.filter_map(|target| target.split_whitespace().next());
        links.extend(targets.map(|target| {
            (
                line,
                target
                    .trim_start_matches('<')
                    .trim_end_matches('>')
                    .to_owned(),
            )
        }));
    }
    links
}

/// Lines outside fenced code, with inline code cut out.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start();
        if fence.starts_with("```") || fence.starts_with("~~~") {
            in_code = !in_code;
            return None;
        }
        let prose = || line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        (!in_code).then(|| (index + 1, prose()))
    })
}

fn has_heading(text: &str, anchor: &str) -> bool {
    let mut in_code = false;
    text.lines().any(|line| {
        in_code ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        !in_code && title.len() < line.len() && anchor_of(title) == anchor
    })
}

/// As GitHub makes them, but for repeated headings.
fn anchor_of(title: &str) -> String {
    title
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn complaints_about(readme: &str) -> Vec<String> {
        let house = tempfile::tempdir().expect("a folder");
        let root = house.path();
        fs::create_dir_all(root.join("docs")).expect("a folder");
        fs::write(root.join("docs/guide.md"), "# Guide\n## Keys, and `more`\n").expect("a file");
        fs::write(root.join("docs/picture.svg"), "<svg/>").expect("a file");
        fs::write(root.join("README.md"), readme).expect("a file");
        complaints(root).expect("readable")
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let readme = "# Top\n[a](docs/guide.md) [b](docs/guide.md#keys-and-more) [c](#top)\n\
                      ![d](docs/picture.svg \"title\") [e](https://example.org/x) [f][g]\n\n\
                      [g]: docs/guide.md\n";
        assert_eq!(complaints_about(readme), [""; 0]);
    }

    #[test]
    fn broken_links_are_named_with_their_line() {
        let readme = "# Top\n[a](docs/gone.md)\n[b](docs/guide.md#gone)\n\n[c]: lost.md\n";
        let expected = [
            "README.md:2: (docs/gone.md): no such file",
            "README.md:3: (docs/guide.md#gone): no heading #gone",
            "README.md:5: (lost.md): no such file",
        ];
        assert_eq!(complaints_about(readme), expected);
    }

    #[test]
    fn code_holds_no_links() {
        let readme = "```\n[a](gone.md)\n```\nand `[b](gone.md)` too\n";
        assert_eq!(complaints_about(readme), [""; 0]);
    }

    #[test]
    fn links_are_resolved_from_the_file_they_stand_in() {
        let house = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(house.path().join("docs/adr")).expect("a folder");
        fs::write(house.path().join("docs/adr/0001.md"), "[up](../guide.md)").expect("a file");
        fs::write(house.path().join("docs/guide.md"), "# Guide").expect("a file");
        assert_eq!(complaints(house.path()).expect("readable"), [""; 0]);
    }
}
