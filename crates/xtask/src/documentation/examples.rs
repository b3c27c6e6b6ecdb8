//! Programs that a page shows are files of this repository that the tests run: a fenced block whose
//! first line names a file, as in "```python sdk/python/examples/quickstart.py", is that file.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// What stands in a file up to a line with these words is there for the tests alone.
const SHOWN_FROM: &str = "shows what follows.\n";

const FENCE: &str = "```";

pub(super) fn complaints(root: &Path, documents: &[PathBuf]) -> Outcome<Vec<String>> {
    let mut complaints = Vec::new();
    for document in documents {
        let text = std::fs::read_to_string(document).map_err(Failure::at(document, "read"))?;
        for block in blocks_with_a_file(&text) {
            let place = document.strip_prefix(root).unwrap_or(document).display();
            let named = format!("{place}:{}: {}", block.line, block.file);
            match std::fs::read_to_string(root.join(block.file)) {
                Err(_) => complaints.push(format!("{named}: no such file")),
                Ok(file) if shown(&file) != block.text => {
                    complaints.push(format!("{named}: the block is not what the file says"));
                }
                Ok(_) => {}
            }
        }
    }
    Ok(complaints)
}

struct Block<'a> {
    /// Where it begins, counted from 1.
    line: usize,
    file: &'a str,
    text: String,
}

fn blocks_with_a_file(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((opening, line)) = lines.next() {
        let Some(info) = opening.strip_prefix(FENCE) else {
            continue;
        };
        let content = lines.by_ref().map(|(content, _)| content);
        let content: Vec<&str> = content.take_while(|line| *line != FENCE).collect();
        if let Some((_, file)) = info.split_once(' ') {
            blocks.push(Block {
                line,
                file,
                text: content.join("\n") + "\n",
            });
        }
    }
    blocks
}

fn shown(file: &str) -> &str {
    match file.split_once(SHOWN_FROM) {
        Some((_, shown)) => shown.trim_start_matches('\n'),
        None => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints_about(page: &str, file: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let document = folder.path().join("page.md");
        std::fs::write(&document, page).expect("written");
        std::fs::write(folder.path().join("program.py"), file).expect("written");
        complaints(folder.path(), &[document]).expect("readable")
    }

    #[test]
    fn a_block_is_its_file() {
        let page = "Do:\n\n```sh\npython program.py\n```\n\n```python program.py\nwork()\n```\n";
        assert_eq!(complaints_about(page, "work()\n"), [""; 0]);
        assert_eq!(
            complaints_about(page, "rest()\n"),
            ["page.md:7: program.py: the block is not what the file says"]
        );
    }

    #[test]
    fn what_is_for_the_tests_alone_is_not_shown() {
        let file = "#![expect(lint)]\n//! page.md shows what follows.\n\nwork()\n";
        let page = "```python program.py\nwork()\n```\n";
        assert_eq!(complaints_about(page, file), [""; 0]);
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let page = "```python gone.py\nwork()\n```\n";
        assert_eq!(
            complaints_about(page, ""),
            ["page.md:1: gone.py: no such file"]
        );
    }
}
