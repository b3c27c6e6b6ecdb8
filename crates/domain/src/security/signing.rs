//! Signatures under the gateway's own secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// What a signature is for. A signature made for one purpose never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proves that a runner belongs to a try.
    JobToken,
    /// Gives access to one artifact for a time.
    ArtifactLink,
    /// Protects the cursor of a list.
    ListCursor,
    /// Protects a place in a log.
    LogCursor,
    /// Tells the gateways of one store whether they have the same secret.
    Fingerprint,
    /// Makes the key that webhook secrets are sealed with.
    WebhookSecrets,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::JobToken => b"batchway job token v1\0",
            Self::ArtifactLink => b"batchway artifact link v1\0",
            Self::ListCursor => b"batchway list cursor v1\0",
            Self::LogCursor => b"batchway log cursor v1\0",
            Self::Fingerprint => b"batchway secret fingerprint v1\0",
            Self::WebhookSecrets => b"batchway webhook secrets v1\0",
        }
    }
}

/// The secrets of this installation: the first signs, all verify, so that a secret can be
/// replaced without breaking what is in the hands of others. Never shown by `Debug`.
#[derive(Clone)]
pub struct SigningSecrets {
    first: Vec<u8>,
    older: Vec<Vec<u8>>,
}

impl SigningSecrets {
    /// The least length of a secret in bytes.
    pub const MIN_BYTES: usize = 32;

    /// Length of a signature in bytes.
    pub const SIGNATURE_BYTES: usize = 32;

    /// Takes the secrets, the signing one first.
    ///
    /// # Errors
    /// [`InvalidSecret`] where there is none, or one is shorter than
    /// [`SigningSecrets::MIN_BYTES`].
    pub fn new(secrets: Vec<Vec<u8>>) -> Result<Self, InvalidSecret> {
        if secrets.iter().any(|secret| secret.len() < Self::MIN_BYTES) {
            return Err(InvalidSecret);
        }
        let mut secrets = secrets.into_iter();
        let first = secrets.next().ok_or(InvalidSecret)?;
        Ok(Self {
            first,
            older: secrets.collect(),
        })
    }

    /// HMAC-SHA-256 (RFC 2104) of the message under the first secret.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> [u8; Self::SIGNATURE_BYTES] {
        mac(&self.first, purpose, message)
    }

    /// A key made of each secret for this purpose, that of the first one first.
    pub(crate) fn keys(
        &self,
        purpose: Purpose,
    ) -> impl Iterator<Item = [u8; Self::SIGNATURE_BYTES]> {
        std::iter::once(&self.first)
            .chain(&self.older)
            .map(move |secret| mac(secret, purpose, b"key"))
    }

    /// Whether any of the secrets made this signature for this purpose; takes the same time
    /// wherever the first difference is.
    pub fn verify(&self, purpose: Purpose, message: &[u8], signature: &[u8]) -> bool {
        std::iter::once(&self.first)
            .chain(&self.older)
            .map(|secret| mac(secret, purpose, message).as_slice().ct_eq(signature))
            .fold(Choice::from(0), |any, one| any | one)
            .into()
    }
}

fn mac(secret: &[u8], purpose: Purpose, message: &[u8]) -> [u8; SigningSecrets::SIGNATURE_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(purpose.label());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "SigningSecrets({} secrets)",
            1 + self.older.len()
        )
    }
}

/// A secret is missing or too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret needs at least 32 bytes")]
pub struct InvalidSecret;

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(bytes: &[u8]) -> SigningSecrets {
        SigningSecrets::new(bytes.iter().map(|byte| vec![*byte; 32]).collect()).unwrap()
    }

    #[test]
    fn the_first_signs_and_all_verify() {
        let signature = secrets(&[1]).sign(Purpose::JobToken, b"message");
        assert!(secrets(&[2, 1]).verify(Purpose::JobToken, b"message", &signature));
        assert!(!secrets(&[2]).verify(Purpose::JobToken, b"message", &signature));
        assert_eq!(
            secrets(&[2, 1]).sign(Purpose::JobToken, b"message"),
            secrets(&[2]).sign(Purpose::JobToken, b"message")
        );
    }

    #[test]
    fn a_signature_is_bound_to_purpose_and_message() {
        let secrets = secrets(&[1]);
        let signature = secrets.sign(Purpose::JobToken, b"message");
        assert!(!secrets.verify(Purpose::ArtifactLink, b"message", &signature));
        assert!(!secrets.verify(Purpose::JobToken, b"massage", &signature));
        assert!(!secrets.verify(Purpose::JobToken, b"message", &signature[..31]));
        assert!(!secrets.verify(Purpose::JobToken, b"message", b""));
    }

    #[test]
    fn short_secrets_are_refused() {
        assert!(SigningSecrets::new(vec![]).is_err());
        assert!(SigningSecrets::new(vec![vec![0; 31]]).is_err());
        assert!(SigningSecrets::new(vec![vec![0; 32], vec![0; 31]]).is_err());
    }
}
