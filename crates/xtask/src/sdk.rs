//! `cargo xtask sdk`: the SDKs, generated from the committed API document, each as a package that
//! can be installed, under `target/sdk`. How each is made stands in `sdk/` and `crates/client`.

mod assembly;
mod python;
mod rust;
mod typescript;

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::{node, python as environment};
use assembly::Source;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python,
    TypeScript,
    Rust,
}

impl Language {
    const ALL: [Self; 3] = [Self::Python, Self::TypeScript, Self::Rust];

    const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::TypeScript => "typescript",
            Self::Rust => "rust",
        }
    }

    fn named(name: &str) -> Outcome<Vec<Self>> {
        let languages = Self::ALL;
        if name == "all" {
            return Ok(languages.to_vec());
        }
        match languages
            .into_iter()
            .find(|language| language.name() == name)
        {
            Some(language) => Ok(vec![language]),
            None => Err(Failure::usage(format!(
                "no SDK for `{name}`; there are python, typescript, rust, and all of them: all"
            ))),
        }
    }
}

/// Where one of the SDKs is made: `package`, what is packed; `dist`, what can be installed; and
/// `installed`, where the tests have it installed.
struct Workshop {
    package: PathBuf,
    dist: PathBuf,
    installed: PathBuf,
}

impl Workshop {
    fn of(metadata: &Metadata, language: Language) -> Self {
        let folder = metadata.target.join("sdk").join(language.name());
        Self {
            package: folder.join("package"),
            dist: folder.join("dist"),
            installed: folder.join("installed"),
        }
    }
}

/// Generates and packs the SDKs of that name, with whatever is needed for it.
pub(crate) fn build(name: &str) -> Outcome {
    let languages = Language::named(name)?;
    let metadata = Metadata::load_workspace()?;
    if languages.iter().any(|language| *language != Language::Rust) {
        environment::set_up(&metadata.target)?;
    }
    if languages.contains(&Language::TypeScript) {
        node::set_up(&metadata.target)?;
    }
    let source = Source::read(&metadata)?;
    for language in languages {
        let workshop = Workshop::of(&metadata, language);
        match language {
            Language::Python => python::build(&metadata, &source, &workshop)?,
            Language::TypeScript => typescript::build(&metadata, &source, &workshop)?,
            Language::Rust => {
                rust::rewrite(&metadata, &source)?;
                rust::pack(&metadata, &workshop)?;
            }
        }
        println!("\nto be installed from {}:", workshop.dist.display());
        for package in assembly::names_in(&workshop.dist)? {
            println!("  {package}");
        }
    }
    Ok(())
}

/// Makes all of them, and installs those of other languages where the end-to-end tests look for
/// them; needs the programs of this workspace, and the environments of Python and Node.
pub(crate) fn install_for_tests(metadata: &Metadata) -> Outcome {
    let source = Source::read(metadata)?;
    rust::check(metadata, &source)?;
    rust::pack(metadata, &Workshop::of(metadata, Language::Rust))?;
    let workshop = Workshop::of(metadata, Language::Python);
    python::build(metadata, &source, &workshop)?;
    python::install(metadata, &workshop)?;
    let workshop = Workshop::of(metadata, Language::TypeScript);
    typescript::build(metadata, &source, &workshop)?;
    typescript::install(metadata, &workshop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sdk_has_its_name_and_all_of_them_one() {
        assert_eq!(Language::named("all").expect("known").len(), 3);
        for language in Language::ALL {
            assert_eq!(Language::named(language.name()).expect("known"), [language]);
        }
        let refusal = Language::named("cobol").expect_err("unknown").to_string();
        assert!(refusal.contains("python, typescript, rust"), "{refusal}");
    }
}
