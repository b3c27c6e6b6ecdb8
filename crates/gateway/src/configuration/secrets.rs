//! `BATCHWAY_SECRET`.

use batchway_domain::security::SigningSecrets;

use crate::failure::Failure;

/// Secrets separated by commas, the signing one first. Never repeated in an error.
pub(crate) fn parse_secrets(text: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let secrets: Vec<Vec<u8>> = text.split(',').map(|secret| secret.trim().into()).collect();
    match secrets
        .iter()
        .position(|secret: &Vec<u8>| secret.len() < SigningSecrets::MIN_BYTES)
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
}
