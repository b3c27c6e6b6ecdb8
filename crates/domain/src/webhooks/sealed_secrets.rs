//! Webhook secrets as stores keep them: encrypted, so that who reads the store can't sign.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};

use super::WebhookSecret;
use crate::Timestamp;
use crate::identity::UserName;
use crate::security::{Purpose, SigningSecrets};

/// The secrets of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecrets {
    /// The one that is shown.
    pub current: SealedSecret,
    /// The one before, which signs too for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<FormerSecret>,
}

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// The secret.
    pub secret: SealedSecret,
    /// It signs until then.
    pub until: Timestamp,
}

/// A secret under ChaCha20-Poly1305 (RFC 8439), with a key made of the gateway's own secret and
/// the user's name as associated data. Written as Base64 of nonce and ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(String);

impl SealedSecret {
    /// Length of the nonce in bytes.
    pub const NONCE_BYTES: usize = 12;

    /// Seals a secret under the first of the gateway's secrets. The nonce has to be random: one
    /// that is used twice breaks the seal of both.
    pub fn seal(
        secret: &WebhookSecret,
        user: &UserName,
        secrets: &SigningSecrets,
        nonce: [u8; Self::NONCE_BYTES],
    ) -> Self {
        let key = secrets
            .keys(Purpose::WebhookSecrets)
            .next()
            .expect("there is a first secret");
        let ciphertext = ChaCha20Poly1305::new(&Key::from(key))
            .encrypt(&Nonce::from(nonce), payload(secret.bytes(), user))
            .expect("32 bytes are not too many to encrypt");
        let mut sealed = nonce.to_vec();
        sealed.extend(ciphertext);
        Self(data_encoding::BASE64.encode(&sealed))
    }

    /// Opens a secret that any of the gateway's secrets sealed for this user.
    ///
    /// # Errors
    /// [`UnsealError`] where none of them did.
    pub fn open(
        &self,
        user: &UserName,
        secrets: &SigningSecrets,
    ) -> Result<WebhookSecret, UnsealError> {
        let sealed = data_encoding::BASE64
            .decode(self.0.as_bytes())
            .map_err(|_| UnsealError)?;
        let (nonce, ciphertext) = sealed
            .split_first_chunk::<{ Self::NONCE_BYTES }>()
            .ok_or(UnsealError)?;
        secrets
            .keys(Purpose::WebhookSecrets)
            .find_map(|key| {
                ChaCha20Poly1305::new(&Key::from(key))
                    .decrypt(&Nonce::from(*nonce), payload(ciphertext, user))
                    .ok()
            })
            .and_then(|bytes| bytes.try_into().ok())
            .map(WebhookSecret::new)
            .ok_or(UnsealError)
    }
}

fn payload<'a>(msg: &'a [u8], user: &'a UserName) -> Payload<'a, 'a> {
    Payload {
        msg,
        aad: user.as_str().as_bytes(),
    }
}

impl SealedSecrets {
    /// The secrets that sign at this time, the present one first.
    ///
    /// # Errors
    /// [`UnsealError`] where the present one can't be opened. A former one that can't is left out.
    pub fn signing_at(
        &self,
        now: Timestamp,
        user: &UserName,
        secrets: &SigningSecrets,
    ) -> Result<Vec<WebhookSecret>, UnsealError> {
        let mut signing = vec![self.current.open(user, secrets)?];
        let former = self.former.iter().filter(|former| now < former.until);
        signing.extend(former.filter_map(|former| former.secret.open(user, secrets).ok()));
        Ok(signing)
    }

    /// The secrets after a new one took the place of the present one, which signs until then too.
    #[must_use]
    pub fn rotated(&self, new: SealedSecret, until: Timestamp) -> Self {
        Self {
            current: new,
            former: Some(FormerSecret {
                secret: self.current.clone(),
                until,
            }),
        }
    }
}

/// None of the gateway's secrets sealed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the webhook secret was sealed under another BATCHWAY_SECRET than this gateway has")]
pub struct UnsealError;

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(bytes: &[u8]) -> SigningSecrets {
        SigningSecrets::new(bytes.iter().map(|byte| vec![*byte; 32]).collect()).unwrap()
    }

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    fn sealed(byte: u8) -> SealedSecret {
        let secret = WebhookSecret::new([byte; 32]);
        SealedSecret::seal(&secret, &user("ada"), &gateway(&[1]), [byte; 12])
    }

    #[test]
    fn all_secrets_of_the_gateway_open_what_one_of_them_sealed() {
        let secret = WebhookSecret::new([9; 32]);
        assert_eq!(
            sealed(9).open(&user("ada"), &gateway(&[1])),
            Ok(secret.clone())
        );
        assert_eq!(sealed(9).open(&user("ada"), &gateway(&[2, 1])), Ok(secret));
        assert_eq!(
            sealed(9).open(&user("ada"), &gateway(&[2])),
            Err(UnsealError)
        );
    }

    #[test]
    fn a_seal_holds_for_one_user_and_one_text() {
        assert_eq!(
            sealed(9).open(&user("bob"), &gateway(&[1])),
            Err(UnsealError)
        );
        let mut bytes = data_encoding::BASE64
            .decode(sealed(9).0.as_bytes())
            .unwrap();
        bytes[20] ^= 1;
        for text in [
            data_encoding::BASE64.encode(&bytes),
            String::new(),
            "?".to_owned(),
        ] {
            let changed = SealedSecret(text);
            assert_eq!(changed.open(&user("ada"), &gateway(&[1])), Err(UnsealError));
        }
    }

    #[test]
    fn the_former_secret_signs_too_until_its_time_is_over() {
        let until = Timestamp::from_millis(1000);
        let first = SealedSecrets {
            current: sealed(1),
            former: None,
        };
        let rotated = first.rotated(sealed(2), until);
        let signing = |millis| {
            let now = Timestamp::from_millis(millis);
            rotated
                .signing_at(now, &user("ada"), &gateway(&[1]))
                .unwrap()
        };
        let [one, two] = [1, 2].map(|byte| WebhookSecret::new([byte; 32]));
        assert_eq!(signing(999), [two.clone(), one]);
        assert_eq!(signing(1000), [two]);
    }
}
