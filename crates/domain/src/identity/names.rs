//! Names from outside. Each is checked once, here, and is then safe as a folder name, as part
//! of an object key and as part of an AWS Batch job name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that breaks its rule. The sentence says what the rule is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct InvalidName {
    pub(super) what: &'static str,
    pub(super) rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What a valid one looks like, as the end of a sentence.
            pub const RULE: &'static str = $rule;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidName { what: $what, rule: $rule })
                }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

fn starts_alphanumeric(text: &str) -> bool {
    text.as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphanumeric)
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

name!(
    /// A user, which is also the tenant: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
    UserName,
    "a user name",
    "is 1 to 64 letters, digits, _ and -, the first a letter or digit",
    |text| {
        text.len() <= 64
            && starts_alphanumeric(text)
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }
);

name!(
    /// The first part of every object key, `ENV` in the container: `[a-z0-9][a-z0-9-]{0,31}`.
    Environment,
    "an environment",
    "is 1 to 32 lower-case letters, digits and -, the first a letter or digit",
    |text| {
        text.len() <= 32
            && starts_alphanumeric(text)
            && text.bytes().all(|b| is_lower_or_digit(b) || b == b'-')
    }
);

name!(
    /// One installation of the gateway; part of every name given to a backend, so that two
    /// installations on one account never touch each other's jobs: `[a-z0-9]{4,16}`.
    DeploymentId,
    "a deployment id",
    "is 4 to 16 lower-case letters and digits",
    |text| (4..=16).contains(&text.len()) && text.bytes().all(is_lower_or_digit)
);

name!(
    /// A kind of job, such as `run_simulation`: `[a-z][a-z0-9_]{0,63}`.
    JobTypeName,
    "a job type",
    "is 1 to 64 lower-case letters, digits and _, the first a letter",
    |text| {
        text.len() <= 64
            && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
            && text.bytes().all(|b| is_lower_or_digit(b) || b == b'_')
    }
);

name!(
    /// A compute backend, such as `process` or `aws-batch`: `[a-z][a-z0-9-]{0,31}`.
    BackendName,
    "a backend name",
    "is 1 to 32 lower-case letters, digits and -, the first a letter",
    |text| {
        text.len() <= 32
            && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
            && text.bytes().all(|b| is_lower_or_digit(b) || b == b'-')
    }
);

name!(
    /// A caller's idempotency key: 1 to 255 visible ASCII characters.
    IdempotencyKey,
    "an idempotency key",
    "is 1 to 255 visible ASCII characters",
    |text| (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_can_not_leave_a_folder() {
        for good in ["user123", "A", "a-b_c", &"x".repeat(64)] {
            assert!(good.parse::<UserName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "-a",
            "_a",
            "a b",
            "ä",
            "a\0",
            "a%2e",
            &"x".repeat(65),
        ] {
            assert!(bad.parse::<UserName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn environments_are_lower_case() {
        assert!("prod".parse::<Environment>().is_ok());
        for bad in ["", "Prod", "-x", "a_b", "a/b", &"x".repeat(33)] {
            assert!(bad.parse::<Environment>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_error_says_what_the_rule_is() {
        let error = "a b".parse::<UserName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a user name is 1 to 64 letters, digits, _ and -, the first a letter or digit"
        );
    }

    #[test]
    fn records_with_an_invalid_name_are_not_read() {
        assert!(serde_json::from_str::<UserName>("\"../x\"").is_err());
        assert_eq!(
            serde_json::from_str::<UserName>("\"x\"").unwrap().as_str(),
            "x"
        );
    }
}
