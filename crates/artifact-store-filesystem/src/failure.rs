//! What an answer of the operating system means for an artifact.

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::ArtifactError;
use rustix::io::Errno;

/// The meaning of `errno`, met while `doing` something, such as "writing prod/u/job/a.svg".
pub(crate) fn meaning(errno: Errno, doing: &str) -> ArtifactError {
    let source = Some(std::io::Error::from(errno).into());
    match errno {
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => ArtifactError::Full {
            reason: format!(
                "there is no room left for {doing}; free some on the disk of the artifact folder, \
                 or raise its quota"
            ),
            source,
        },
        Errno::ACCESS | Errno::PERM | Errno::ROFS => ArtifactError::Forbidden {
            reason: format!(
                "the operating system does not allow {doing}; check the owner and the rights of \
                 the artifact folder"
            ),
            source,
        },
        _ => ArtifactError::Unavailable {
            reason: format!("{doing} failed ({errno})"),
            source,
        },
    }
}

/// Refused for what stands in the way, with no fault of the operating system.
pub(crate) fn refused(reason: String) -> ArtifactError {
    ArtifactError::Forbidden {
        reason,
        source: None,
    }
}

pub(crate) fn not_found(key: &ArtifactKey) -> ArtifactError {
    ArtifactError::NotFound { key: key.clone() }
}

/// A symbolic link lies on the way to `key`, at `path`.
pub(crate) fn symbolic_link(path: &str) -> ArtifactError {
    refused(format!(
        "{path} is a symbolic link, and those are not followed; put a real folder or file in its \
         place"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_forbidden_and_broken_are_told_apart() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG] {
            let error = meaning(errno, "writing a");
            assert!(matches!(error, ArtifactError::Full { .. }), "{error}");
        }
        for errno in [Errno::ACCESS, Errno::PERM, Errno::ROFS] {
            let error = meaning(errno, "writing a");
            assert!(matches!(error, ArtifactError::Forbidden { .. }), "{error}");
        }
        for errno in [Errno::IO, Errno::STALE, Errno::MFILE] {
            let error = meaning(errno, "writing a");
            assert!(
                matches!(error, ArtifactError::Unavailable { .. }),
                "{error}"
            );
        }
    }
}
