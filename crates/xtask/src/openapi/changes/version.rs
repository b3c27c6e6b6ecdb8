//! Which versions of the API may break clients.

use semver::Version;

use crate::failure::{Failure, Outcome};

/// Whether the step from one version to the other announces that clients may break: a higher
/// major version or, before 1.0, a higher minor one.
pub(crate) fn permits_breaking(old: &str, new: &str) -> Outcome<bool> {
    let (old, new) = (read(old)?, read(new)?);
    if new < old {
        return Err(Failure::because(format!(
            "the document's version {new} is lower than {old}, which is released"
        )));
    }
    Ok(new.major > old.major || (old.major == 0 && new.minor > old.minor))
}

fn read(version: &str) -> Outcome<Version> {
    Version::parse(version).map_err(|error| {
        Failure::because(format!("the version `{version}` is no version: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_permits_and_before_the_first_one_a_minor() {
        for (old, new, permitted) in [
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.1.9", false),
            ("0.1.0", "0.2.0", true),
            ("0.9.3", "1.0.0", true),
            ("1.2.0", "1.3.0", false),
            ("1.2.0", "2.0.0", true),
        ] {
            assert_eq!(
                permits_breaking(old, new).expect("versions"),
                permitted,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn a_version_never_goes_back() {
        let refusal = permits_breaking("0.2.0", "0.1.9")
            .expect_err("lower")
            .to_string();
        assert!(refusal.contains("0.1.9 is lower than 0.2.0"), "{refusal}");
        assert!(permits_breaking("0.2.0", "next").is_err());
    }
}
