//! One advisory: Markdown that begins with a fenced TOML table.

use std::fmt;

use semver::{Version, VersionReq};

#[derive(Debug)]
pub(super) struct Advisory {
    id: String,
    title: String,
    pub(super) weight: Weight,
    is_withdrawn: bool,
    /// Versions that are safe: patched, or never affected.
    safe: Vec<VersionReq>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Vulnerability,
    /// Unmaintained, unsound in unusual use, or another notice.
    Notice,
}

impl Advisory {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (front, body) = text
            .strip_prefix("```toml\n")
            .and_then(|rest| rest.split_once("\n```"))
            .ok_or("it does not begin with a fenced TOML table")?;
        let front: toml::Table = front.parse().map_err(|error| format!("{error}"))?;
        let advisory = front.get("advisory").ok_or("it has no table `advisory`")?;
        let id = advisory
            .get("id")
            .and_then(toml::Value::as_str)
            .ok_or("it has no id")?;
        let title = body
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .unwrap_or("(no title)");
        let mut safe = requirements(&front, "patched")?;
        safe.extend(requirements(&front, "unaffected")?);
        Ok(Self {
            id: id.to_owned(),
            title: title.trim().to_owned(),
            weight: match advisory.get("informational") {
                None => Weight::Vulnerability,
                Some(_) => Weight::Notice,
            },
            is_withdrawn: advisory.get("withdrawn").is_some(),
            safe,
        })
    }

    /// A version that can't be read is taken for affected.
    pub(super) fn affects(&self, version: &str) -> bool {
        let is_safe = Version::parse(version)
            .is_ok_and(|version| self.safe.iter().any(|safe| safe.matches(&version)));
        !self.is_withdrawn && !is_safe
    }
}

impl fmt::Display for Advisory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.id, self.title)
    }
}

fn requirements(front: &toml::Table, key: &str) -> Result<Vec<VersionReq>, String> {
    let Some(list) = front.get("versions").and_then(|versions| versions.get(key)) else {
        return Ok(Vec::new());
    };
    let list = list
        .as_array()
        .ok_or_else(|| format!("`versions.{key}` is not a list"))?;
    list.iter()
        .map(|requirement| {
            let text = requirement.as_str().unwrap_or_default();
            VersionReq::parse(text).map_err(|error| format!("`{text}` in `{key}`: {error}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(advisory: &str, versions: &str) -> Advisory {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\n{advisory}\n\
             [versions]\n{versions}\n```\n\n# A title\n\nWords.\n"
        );
        Advisory::read(&text).expect("well-formed")
    }

    #[test]
    fn versions_between_unaffected_and_patched_are_affected() {
        let advisory = advisory(
            "",
            "patched = [\"^0.8.9\", \">= 1.0\"]\nunaffected = [\"< 0.8\"]",
        );
        for safe in ["0.7.5", "0.8.9", "1.0.0", "2.3.4"] {
            assert!(!advisory.affects(safe), "{safe}");
        }
        for affected in ["0.8.0", "0.8.8", "0.9.0"] {
            assert!(advisory.affects(affected), "{affected}");
        }
    }

    #[test]
    fn without_a_patch_every_version_is_affected() {
        assert!(advisory("", "patched = []").affects("9.9.9"));
    }

    #[test]
    fn a_withdrawn_advisory_affects_nothing() {
        assert!(!advisory("withdrawn = \"2021-01-01\"", "patched = []").affects("1.0.0"));
    }

    #[test]
    fn only_what_is_marked_informational_is_a_notice() {
        assert_eq!(advisory("", "").weight, Weight::Vulnerability);
        assert_eq!(
            advisory("informational = \"unsound\"", "").weight,
            Weight::Notice
        );
    }

    #[test]
    fn a_requirement_of_an_unknown_form_is_refused() {
        let text = "```toml\n[advisory]\nid = \"X\"\n[versions]\npatched = [\"later\"]\n```\n";
        assert!(
            Advisory::read(text)
                .expect_err("no requirement")
                .contains("`later`")
        );
    }
}
