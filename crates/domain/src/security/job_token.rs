//! The token with which a runner speaks to the gateway: one job, one try, until its end.

use data_encoding::BASE64URL_NOPAD;

use super::{Purpose, SigningSecrets};
use crate::Timestamp;
use crate::identity::JobId;

/// What a job token stands for. As text: `{job id}.{try}.{expiry in seconds}.{signature}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobToken {
    /// The job whose progress the bearer may report.
    pub job: JobId,
    /// The try that the bearer runs in, from 1.
    pub try_number: u32,
    /// When the token ends by itself.
    pub expires_at: Timestamp,
}

impl JobToken {
    /// The signed text to hand to the runner.
    pub fn sign(&self, secrets: &SigningSecrets) -> String {
        let claims = self.claims();
        let signature = secrets.sign(Purpose::JobToken, claims.as_bytes());
        format!("{claims}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    /// Reads a token that this installation signed and that has not ended at `now`.
    ///
    /// # Errors
    /// [`InvalidJobToken`]; which of the reasons it was is not told.
    pub fn verify(
        text: &str,
        secrets: &SigningSecrets,
        now: Timestamp,
    ) -> Result<Self, InvalidJobToken> {
        let (claims, signature) = text.rsplit_once('.').ok_or(InvalidJobToken)?;
        let signature = BASE64URL_NOPAD
            .decode(signature.as_bytes())
            .map_err(|_| InvalidJobToken)?;
        if !secrets.verify(Purpose::JobToken, claims.as_bytes(), &signature) {
            return Err(InvalidJobToken);
        }
        parse(claims)
            .filter(|token| now < token.expires_at)
            .ok_or(InvalidJobToken)
    }

    fn claims(&self) -> String {
        format!(
            "{}.{}.{}",
            self.job,
            self.try_number,
            self.expires_at.as_secs()
        )
    }
}

fn parse(claims: &str) -> Option<JobToken> {
    let mut parts = claims.split('.');
    let job = parts.next()?.parse().ok()?;
    let try_number = parts.next()?.parse().ok()?;
    let seconds: i64 = parts.next()?.parse().ok()?;
    let expires_at = Timestamp::from_millis(seconds.checked_mul(1000)?);
    parts.next().is_none().then_some(JobToken {
        job,
        try_number,
        expires_at,
    })
}

/// The token was not signed here, was changed, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job token is not valid, or no longer")]
pub struct InvalidJobToken;

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> JobToken {
        JobToken {
            job: JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [3; 10]),
            try_number: 2,
            expires_at: Timestamp::from_millis(60_000),
        }
    }

    fn secrets() -> SigningSecrets {
        SigningSecrets::new(vec![vec![9; 32]]).unwrap()
    }

    #[test]
    fn holds_until_its_end_and_not_a_second_longer() {
        let text = token().sign(&secrets());
        let verify = |millis| JobToken::verify(&text, &secrets(), Timestamp::from_millis(millis));
        assert_eq!(verify(59_999), Ok(token()));
        assert_eq!(verify(60_000), Err(InvalidJobToken));
    }

    #[test]
    fn refuses_changed_and_foreign_tokens() {
        let text = token().sign(&secrets());
        let other_try = text.replacen(".2.", ".3.", 1);
        let foreign = token().sign(&SigningSecrets::new(vec![vec![8; 32]]).unwrap());
        for bad in [
            "",
            ".",
            "...",
            &other_try,
            &foreign,
            &text[..text.len() - 1],
        ] {
            assert_eq!(
                JobToken::verify(bad, &secrets(), Timestamp::EPOCH),
                Err(InvalidJobToken),
                "{bad}"
            );
        }
    }
}
