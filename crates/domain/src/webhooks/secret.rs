//! The secrets that sign what receivers get.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::DeliveryId;
use crate::Timestamp;

/// A secret that a user's receivers check signatures with. Written `whsec_` and Base64, as the
/// Standard Webhooks specification has it. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; Self::BYTES]);

impl WebhookSecret {
    /// Its length; the specification wants 24 to 64 bytes.
    pub const BYTES: usize = 32;

    const PREFIX: &str = "whsec_";

    /// A secret made of random bytes.
    pub const fn new(random: [u8; Self::BYTES]) -> Self {
        Self(random)
    }

    /// The secret as its owner is shown it.
    pub fn reveal(&self) -> String {
        format!("{}{}", Self::PREFIX, BASE64.encode(&self.0))
    }

    pub(super) const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The signature of one attempt: `v1,` and the Base64 of HMAC-SHA-256 over id, time in seconds
    /// and body, joined by dots.
    fn sign(&self, id: &DeliveryId, at: Timestamp, body: &[u8]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{}.", at.as_secs()).as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

/// The `webhook-signature` of one attempt: a signature by each secret, the present one first, with
/// a space between.
pub fn signature_header(
    secrets: &[WebhookSecret],
    id: &DeliveryId,
    at: Timestamp,
    body: &[u8],
) -> String {
    let signatures: Vec<_> = secrets
        .iter()
        .map(|secret| secret.sign(id, at, body))
        .collect();
    signatures.join(" ")
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(…)")
    }
}

impl FromStr for WebhookSecret {
    type Err = InvalidWebhookSecret;

    fn from_str(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let base64 = text
            .strip_prefix(Self::PREFIX)
            .ok_or(InvalidWebhookSecret)?;
        let bytes = BASE64
            .decode(base64.as_bytes())
            .map_err(|_| InvalidWebhookSecret)?;
        bytes.try_into().map(Self).map_err(|_| InvalidWebhookSecret)
    }
}

/// The text is not a webhook secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and the Base64 of 32 bytes")]
pub struct InvalidWebhookSecret;

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> DeliveryId {
        let job = crate::identity::JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [0; 10]);
        DeliveryId::new(job, 2)
    }

    #[test]
    fn a_secret_reads_back_and_is_not_shown_by_accident() {
        let secret = WebhookSecret::new([7; 32]);
        assert_eq!(secret.reveal().parse(), Ok(secret.clone()));
        assert!(!format!("{secret:?}").contains("Bw"), "{secret:?}");
        for text in ["", "whsec_", "whsec_AAAA", "whsec_!", &secret.reveal()[6..]] {
            assert_eq!(text.parse::<WebhookSecret>(), Err(InvalidWebhookSecret));
        }
    }

    #[test]
    fn each_secret_signs_and_the_signature_is_bound_to_id_time_and_body() {
        let (new, old) = (WebhookSecret::new([1; 32]), WebhookSecret::new([2; 32]));
        let at = Timestamp::from_millis(1_700_000_000_999);
        let both = signature_header(&[new.clone(), old.clone()], &id(), at, b"{}");
        let alone = |secret: &WebhookSecret, at, body: &[u8]| {
            signature_header(std::slice::from_ref(secret), &id(), at, body)
        };
        let joined = format!("{} {}", alone(&new, at, b"{}"), alone(&old, at, b"{}"));
        assert_eq!(both, joined);
        assert_ne!(alone(&new, at, b"{}"), alone(&new, at, b"{ }"));
        let later = Timestamp::from_millis(1_700_000_001_000);
        assert_ne!(alone(&new, at, b"{}"), alone(&new, later, b"{}"));
    }
}
