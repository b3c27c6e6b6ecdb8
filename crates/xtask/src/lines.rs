//! How large the house is: lines per crate, and the longest files.

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::rust_source;

const LONGEST_SHOWN: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Count {
    files: usize,
    code: usize,
    tests: usize,
}

struct SourceFile {
    path: String,
    count: Count,
}

pub(crate) fn report(metadata: &Metadata) -> Outcome {
    let mut all = Vec::new();
    println!(
        "{:<28} {:>6} {:>8} {:>8} {:>8}",
        "crate", "files", "code", "tests", "lines"
    );
    for package in metadata.ours() {
        let files = source_files(package.folder(), &metadata.root)?;
        print_row(package.folder_name(), &total(&files));
        all.extend(files);
    }
    print_row("all", &total(&all));

    all.sort_by_key(|file| std::cmp::Reverse(file.count.lines()));
    println!("\nthe longest files");
    for file in all.iter().take(LONGEST_SHOWN) {
        println!("{:>6}  {}", file.count.lines(), file.path);
    }
    Ok(())
}

fn print_row(name: &str, count: &Count) {
    println!(
        "{name:<28} {:>6} {:>8} {:>8} {:>8}",
        count.files,
        count.code,
        count.tests,
        count.lines()
    );
}

fn source_files(folder: &Path, root: &Path) -> Outcome<Vec<SourceFile>> {
    rust_source::files_below(folder)?
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(Failure::at(&path, "read"))?;
            let count = Count::of(path.strip_prefix(folder).unwrap_or(&path), &text);
            let path = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string();
            Ok(SourceFile { path, count })
        })
        .collect()
}

fn total(files: &[SourceFile]) -> Count {
    files.iter().fold(Count::default(), |sum, file| Count {
        files: sum.files + file.count.files,
        code: sum.code + file.count.code,
        tests: sum.tests + file.count.tests,
    })
}

impl Count {
    /// `path` is relative to the crate; a file or folder called `tests` is all tests.
    fn of(path: &Path, text: &str) -> Self {
        let lines = text.lines().count();
        let is_all_tests = path
            .iter()
            .any(|part| part == "tests" || part == "tests.rs");
        let code = if is_all_tests {
            0
        } else {
            rust_source::lines_before_tests(text)
        };
        Self {
            files: 1,
            code,
            tests: lines - code,
        }
    }

    fn lines(&self) -> usize {
        self.code + self.tests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_apart() {
        let mixed = "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n";
        let count = |path: &str| Count::of(Path::new(path), mixed);
        assert_eq!(
            count("src/lib.rs"),
            Count {
                files: 1,
                code: 1,
                tests: 3
            }
        );
        assert_eq!(
            count("src/job/tests.rs"),
            Count {
                files: 1,
                code: 0,
                tests: 4
            }
        );
        assert_eq!(
            count("tests/all.rs"),
            Count {
                files: 1,
                code: 0,
                tests: 4
            }
        );
    }
}
