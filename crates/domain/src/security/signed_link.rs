//! Links to artifacts that the gateway serves itself. Object stores sign their own.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{Purpose, SigningSecrets};
use crate::Timestamp;
use crate::artifacts::ArtifactKey;

/// What may be done with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkMethod {
    /// Read the object: `GET`, and `HEAD` of the same.
    Get,
}

impl LinkMethod {
    const fn label(self) -> &'static str {
        match self {
            Self::Get => "GET",
        }
    }
}

/// What a link says, and its signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkClaims {
    /// The object.
    pub key: ArtifactKey,
    /// What may be done with it.
    pub method: LinkMethod,
    /// When the link ends.
    pub expires_at: Timestamp,
}

/// Makes and checks links of the form
/// `{public url}/artifacts/{key}?expires={unix seconds}&signature={…}`.
#[derive(Clone, Debug)]
pub struct LinkSigner {
    secrets: SigningSecrets,
    public_url: String,
}

impl LinkSigner {
    /// The path under which links are served.
    pub const PATH: &'static str = "/artifacts/";

    /// A signer whose links begin with `public_url`, such as `http://127.0.0.1:8000`.
    pub fn new(secrets: SigningSecrets, public_url: &str) -> Self {
        Self {
            secrets,
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }

    /// The whole URL of a link.
    pub fn sign(&self, claims: &LinkClaims) -> String {
        let expires = claims.expires_at.as_secs();
        let signature = self.secrets.sign(
            Purpose::ArtifactLink,
            message(claims.method, claims.key.as_str(), expires).as_bytes(),
        );
        format!(
            "{}{}{}?expires={expires}&signature={}",
            self.public_url,
            Self::PATH,
            claims.key.percent_encoded(),
            BASE64URL_NOPAD.encode(&signature)
        )
    }

    /// Checks what came in: the key as it stood in the path, percent-decoded once, and the two
    /// parameters of the query.
    ///
    /// # Errors
    /// [`InvalidLink::Refused`] for a link that was not made here for this key and method,
    /// [`InvalidLink::Expired`] for one that was, but has ended at `now`.
    pub fn verify(
        &self,
        method: LinkMethod,
        key: &str,
        expires: i64,
        signature: &str,
        now: Timestamp,
    ) -> Result<LinkClaims, InvalidLink> {
        let signature = BASE64URL_NOPAD
            .decode(signature.as_bytes())
            .map_err(|_| InvalidLink::Refused)?;
        let message = message(method, key, expires);
        if !self
            .secrets
            .verify(Purpose::ArtifactLink, message.as_bytes(), &signature)
        {
            return Err(InvalidLink::Refused);
        }
        let key = key.parse().map_err(|_| InvalidLink::Refused)?;
        let expires_at = Timestamp::from_millis(expires.saturating_mul(1000));
        if now < expires_at {
            Ok(LinkClaims {
                key,
                method,
                expires_at,
            })
        } else {
            Err(InvalidLink::Expired {
                expired_at: expires_at,
            })
        }
    }
}

fn message(method: LinkMethod, key: &str, expires: i64) -> String {
    // The key comes last and is taken whole, so that no two claims make the same message.
    format!("{}\n{expires}\n{key}", method.label())
}

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLink {
    /// Tampered with, foreign, or for something else.
    #[error("the link was not made by this gateway for this artifact")]
    Refused,
    /// Genuine, but too old.
    #[error("the link expired at {expired_at}; list the job's artifacts again for a new one")]
    Expired {
        /// When it ended.
        expired_at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "prod/user123/job_00000000000000000000000000ab/a b.h5";

    fn signer(secret: u8) -> LinkSigner {
        LinkSigner::new(
            SigningSecrets::new(vec![vec![secret; 32]]).unwrap(),
            "http://h:1/",
        )
    }

    fn signature(url: &str) -> &str {
        url.rsplit_once("signature=").unwrap().1
    }

    fn claims() -> LinkClaims {
        LinkClaims {
            key: KEY.parse().unwrap(),
            method: LinkMethod::Get,
            expires_at: Timestamp::from_millis(100_000),
        }
    }

    #[test]
    fn a_link_opens_its_own_key_until_it_ends() {
        let url = signer(1).sign(&claims());
        assert!(
            url.starts_with("http://h:1/artifacts/prod/user123/job_")
                && url.contains("/a%20b.h5?expires=100&"),
            "{url}"
        );
        let verify = |key, expires, now| {
            signer(1).verify(
                LinkMethod::Get,
                key,
                expires,
                signature(&url),
                Timestamp::from_millis(now),
            )
        };
        assert_eq!(verify(KEY, 100, 99_999), Ok(claims()));
        let expired_at = Timestamp::from_millis(100_000);
        assert_eq!(
            verify(KEY, 100, 100_000),
            Err(InvalidLink::Expired { expired_at })
        );
        assert_eq!(verify(KEY, 101, 0), Err(InvalidLink::Refused));
        assert_eq!(
            verify(&KEY.replace("user123", "user124"), 100, 0),
            Err(InvalidLink::Refused)
        );
    }

    #[test]
    fn foreign_signatures_are_refused() {
        let url = signer(2).sign(&claims());
        for bad in [signature(&url), "", "!", "AAAA"] {
            let verdict = signer(1).verify(LinkMethod::Get, KEY, 100, bad, Timestamp::EPOCH);
            assert_eq!(verdict, Err(InvalidLink::Refused), "{bad}");
        }
    }
}
