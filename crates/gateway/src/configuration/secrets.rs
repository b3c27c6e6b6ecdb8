//! What nobody is shown: secrets, and `BATCHWAY_SECRET` in particular.

use std::fmt;

use batchway_domain::security::SigningSecrets;

use crate::failure::Failure;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whatever can't do without it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// Secrets separated by commas, the signing one first. Never repeated in an error.
pub(crate) fn parse_secrets(text: &str) -> Result<Vec<Secret>, Failure> {
    let secrets: Vec<Secret> = text
        .split(',')
        .map(|secret| Secret::new(secret.trim()))
        .collect();
    match secrets
        .iter()
        .position(|secret| secret.reveal().len() < SigningSecrets::MIN_BYTES)
    {
        None => Ok(secrets),
        Some(position) => Err(Failure::misconfigured(format!(
            "BATCHWAY_SECRET: secret {} of {} has fewer than {} characters; make one with \
             `openssl rand -hex 32`",
            position + 1,
            secrets.len(),
            SigningSecrets::MIN_BYTES
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_never_repeats_a_secret() {
        let long = "x".repeat(32);
        assert_eq!(parse_secrets(&format!("{long}, {long}")).unwrap().len(), 2);
        let message = parse_secrets(&format!("{long},hunter2"))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("secret 2 of 2") && !message.contains("hunter2"),
            "{message}"
        );
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(hidden)");
    }
}
