//! Reading Rust sources as text: enough to count lines and to find mentions of
//! the standard library, without a parser to compile.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// A path such as `std::fs::read`, with the line it begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: String,
}

/// All `.rs` files below a folder, in the order of their paths.
pub(crate) fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Failure::at(&folder, "list"))? {
            let path = entry.map_err(Failure::at(&folder, "list"))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// How many lines stand before the test module at the end of the file.
pub(crate) fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        })
        .unwrap_or(lines.len())
}

/// Every path that begins with `std::`, with `use std::{…}` taken apart.
/// Comments don't count.
pub(crate) fn standard_paths(text: &str) -> Vec<Mention> {
    let code = without_line_comments(text);
    let mut mentions = Vec::new();
    for (start, _) in code.match_indices("std::") {
        let is_whole_word = !code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if is_whole_word {
            let line = 1 + code[..start].matches('\n').count();
            let mut tree = UseTree {
                rest: &code[start + "std::".len()..],
            };
            let paths = tree.expand("std");
            mentions.extend(paths.into_iter().map(|path| Mention { line, path }));
        }
    }
    mentions
}

/// Line numbers stay as they are.
fn without_line_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _comment)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What follows a `::`, read from the front: a name, a star, or a group of trees.
struct UseTree<'a> {
    rest: &'a str,
}

impl UseTree<'_> {
    fn expand(&mut self, parent: &str) -> Vec<String> {
        self.skip_space();
        if self.take("{") {
            return self.expand_group(parent);
        }
        if self.take("*") {
            return vec![format!("{parent}::*")];
        }
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let path = match name {
            "" | "self" => parent.to_owned(),
            name => format!("{parent}::{name}"),
        };
        if self.take("::") {
            self.expand(&path)
        } else {
            vec![path]
        }
    }

    fn expand_group(&mut self, parent: &str) -> Vec<String> {
        let mut paths = Vec::new();
        loop {
            self.skip_space();
            if self.rest.is_empty() || self.take("}") {
                return paths;
            }
            paths.extend(self.expand(parent));
            // What is left of this member is an alias (`as name`), if anything.
            let end = self.rest.find([',', '}']).unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
            self.take(",");
        }
    }

    fn take(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        standard_paths(text)
            .into_iter()
            .map(|mention| mention.path)
            .collect()
    }

    #[test]
    fn a_path_in_code_is_found_with_its_line() {
        let text = "fn now() {\n    let t = std::time::SystemTime::now();\n}";
        let mention = Mention {
            line: 2,
            path: "std::time::SystemTime::now".into(),
        };
        assert_eq!(standard_paths(text), [mention]);
    }

    #[test]
    fn groups_are_taken_apart_however_deep() {
        let text = "use std::{env, fs as files, io::{self, Read},\n  time::{Duration, Instant}};";
        let expected = [
            "std::env",
            "std::fs",
            "std::io",
            "std::io::Read",
            "std::time::Duration",
            "std::time::Instant",
        ];
        assert_eq!(paths(text), expected);
    }

    #[test]
    fn stars_are_kept() {
        assert_eq!(paths("use std::time::*;"), ["std::time::*"]);
    }

    #[test]
    fn comments_and_other_crates_do_not_count() {
        assert_eq!(
            paths("//! As std::fs::read.\nuse async_std::fs; // std::env"),
            [""; 0]
        );
    }

    #[test]
    fn an_unfinished_group_does_not_hang() {
        assert_eq!(paths("use std::{fs, "), ["std::fs"]);
    }

    #[test]
    fn tests_at_the_end_are_counted_apart() {
        assert_eq!(lines_before_tests("a\nb\n#[cfg(test)]\nmod tests {\n}"), 2);
        assert_eq!(lines_before_tests("a\n#[cfg(test)]\nmod tests;\nb"), 4);
    }
}
