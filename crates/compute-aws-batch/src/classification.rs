//! What a call that failed proves, and who is to blame.
//!
//! Strict in one direction: that nothing was accepted is said only where it is certain. AWS Batch
//! has no idempotency token, so a job that is sent again for a wrong guess runs twice.

use std::time::Duration;

use batchway_domain::Timestamp;

use crate::call::{Answer, Cause};

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing was accepted, and we are at fault.
    Held(HeldCause),
    /// Nothing was accepted. Either the job is at fault or we are: AWS Batch has one code for both.
    Faulty,
    /// Nothing was accepted: there were too many calls.
    Throttled,
    /// Nothing was accepted, and nobody is at fault.
    DidNotHappen,
    /// It may have been accepted.
    Unknown,
}

/// What keeps us from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldCause {
    Credentials,
    ExpiredCredentials,
    AccessDenied,
    ClockSkew,
    /// An error that we have never heard of.
    Unheard,
}

impl HeldCause {
    /// A word that programs can compare.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::ExpiredCredentials => "expired_credentials",
            Self::AccessDenied => "access_denied",
            Self::ClockSkew => "clock_skew",
            Self::Unheard => "aws_error",
        }
    }

    /// One sentence of what is wrong and what is to be done. It names no account and no user.
    pub(crate) fn mend(self, action: &str) -> String {
        match self {
            Self::Credentials => {
                "The gateway's AWS credentials are missing or wrong; its operator has to set them."
                    .to_owned()
            }
            Self::ExpiredCredentials => {
                "The gateway's AWS credentials have expired; its operator has to renew them."
                    .to_owned()
            }
            Self::AccessDenied => format!(
                "AWS does not let the gateway do {action}; its operator has to allow that in the IAM policy of the gateway's user or role."
            ),
            Self::ClockSkew => {
                "AWS takes no request of the gateway, as its clock is wrong; its operator has to set the clock."
                    .to_owned()
            }
            Self::Unheard => format!(
                "AWS refuses {action} for a reason that the gateway does not know; its operator finds it in the gateway's log."
            ),
        }
    }
}

/// How far a clock may be off for a signature (SigV4) to hold.
const SIGNATURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Judges a failed call. `now` is our own clock.
pub(crate) fn classify(cause: &Cause, now: Timestamp) -> Verdict {
    match cause {
        Cause::NoCredentials => Verdict::Held(HeldCause::Credentials),
        Cause::NotSent | Cause::NotConnected => Verdict::DidNotHappen,
        Cause::NoAnswer | Cause::Unreadable => Verdict::Unknown,
        Cause::Answered(answer) => judge(answer, now),
    }
}

fn judge(answer: &Answer, now: Timestamp) -> Verdict {
    let code = answer.code.as_deref().unwrap_or_default();
    match code {
        // Sent again, or never read: the one 4xx that leaves it open.
        "RequestTimeout" | "RequestTimeoutException" => Verdict::Unknown,
        "TooManyRequestsException"
        | "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown" => Verdict::Throttled,
        _ if answer.status == 429 => Verdict::Throttled,
        _ if !(400..500).contains(&answer.status) || answer.status == 408 => Verdict::Unknown,
        // Who answers without a code may stand before AWS, and know nothing of what AWS did.
        "" => Verdict::Unknown,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            Verdict::Held(HeldCause::ExpiredCredentials)
        }
        "RequestExpired" | "RequestTimeTooSkewed" => Verdict::Held(HeldCause::ClockSkew),
        "InvalidSignatureException" | "SignatureDoesNotMatch" if is_skewed(answer, now) => {
            Verdict::Held(HeldCause::ClockSkew)
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "InvalidTokenException"
        | "AuthFailure"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Verdict::Held(HeldCause::Credentials),
        "AccessDenied"
        | "AccessDeniedException"
        | "NotAuthorized"
        | "UnauthorizedOperation"
        | "OptInRequired"
        | "SubscriptionRequiredException" => Verdict::Held(HeldCause::AccessDenied),
        "ClientException"
        | "ValidationException"
        | "ValidationError"
        | "SerializationException"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "RequestEntityTooLargeException" => Verdict::Faulty,
        _ => Verdict::Held(HeldCause::Unheard),
    }
}

/// AWS says so in the message, and shows its own time in the `Date` header.
fn is_skewed(answer: &Answer, now: Timestamp) -> bool {
    let says_so = ["Signature expired", "Signature not yet current"]
        .iter()
        .any(|beginning| answer.message.starts_with(beginning));
    let apart = |date: Timestamp| date.since(now).max(now.since(date));
    says_so
        || answer
            .date
            .is_some_and(|date| apart(date) > SIGNATURE_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use batchway_domain::diagnosis::KnownCode;

    use super::*;

    #[test]
    fn what_holds_jobs_can_be_explained() {
        use HeldCause::{AccessDenied, ClockSkew, Credentials, ExpiredCredentials, Unheard};
        for cause in [
            AccessDenied,
            ClockSkew,
            Credentials,
            ExpiredCredentials,
            Unheard,
        ] {
            assert!(KnownCode::of(cause.code()).is_some(), "{cause:?}");
        }
    }

    const NOW: Timestamp = Timestamp::EPOCH;

    fn verdict(status: u16, code: &str) -> Verdict {
        let answer = Answer {
            status,
            code: (!code.is_empty()).then(|| code.to_owned()),
            ..Answer::default()
        };
        classify(&Cause::Answered(answer), NOW)
    }

    #[test]
    fn answers_by_status_and_code() {
        use HeldCause::{AccessDenied, ClockSkew, Credentials, ExpiredCredentials, Unheard};
        use Verdict::{Faulty, Held, Throttled, Unknown};
        let table = [
            (400, "ClientException", Faulty),
            (400, "ValidationException", Faulty),
            (413, "RequestEntityTooLargeException", Faulty),
            (429, "TooManyRequestsException", Throttled),
            (400, "ThrottlingException", Throttled),
            (503, "SlowDown", Throttled),
            (429, "", Throttled),
            (403, "ExpiredTokenException", Held(ExpiredCredentials)),
            (403, "ExpiredToken", Held(ExpiredCredentials)),
            (403, "UnrecognizedClientException", Held(Credentials)),
            (403, "InvalidSignatureException", Held(Credentials)),
            (
                403,
                "MissingAuthenticationTokenException",
                Held(Credentials),
            ),
            (403, "IncompleteSignatureException", Held(Credentials)),
            (403, "AccessDeniedException", Held(AccessDenied)),
            (403, "AccessDenied", Held(AccessDenied)),
            (403, "RequestTimeTooSkewed", Held(ClockSkew)),
            (400, "RequestExpired", Held(ClockSkew)),
            (404, "UnknownOperationException", Held(Unheard)),
            (400, "SomethingNew", Held(Unheard)),
            (500, "ServerException", Unknown),
            (500, "InternalFailure", Unknown),
            (503, "ServiceUnavailable", Unknown),
            (500, "ClientException", Unknown),
            (500, "", Unknown),
            (502, "", Unknown),
            (504, "", Unknown),
            (400, "", Unknown),
            (403, "", Unknown),
            (408, "", Unknown),
            (408, "RequestTimeoutException", Unknown),
            (400, "RequestTimeout", Unknown),
            (301, "PermanentRedirect", Unknown),
            (100, "ClientException", Unknown),
        ];
        for (status, code, expected) in table {
            assert_eq!(verdict(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn what_did_not_come_to_an_answer() {
        let table = [
            (Cause::NoCredentials, Verdict::Held(HeldCause::Credentials)),
            (Cause::NotSent, Verdict::DidNotHappen),
            (Cause::NotConnected, Verdict::DidNotHappen),
            (Cause::NoAnswer, Verdict::Unknown),
            (Cause::Unreadable, Verdict::Unknown),
        ];
        for (cause, expected) in table {
            assert_eq!(classify(&cause, NOW), expected, "{cause:?}");
        }
    }

    #[test]
    fn a_bad_signature_is_the_clocks_fault_where_the_clocks_differ() {
        let answer = |message: &str, date| Answer {
            status: 403,
            code: Some("InvalidSignatureException".to_owned()),
            message: message.to_owned(),
            date,
            ..Answer::default()
        };
        let now = Timestamp::from_millis(1_772_366_400_000);
        let hour = Duration::from_secs(3600);
        let minute = Duration::from_secs(60);
        let table = [
            (
                answer(
                    "Signature expired: 20260301T110000Z is now earlier than 20260301T115500Z",
                    None,
                ),
                HeldCause::ClockSkew,
            ),
            (
                answer(
                    "Signature not yet current: 20260301T130000Z is still later than",
                    None,
                ),
                HeldCause::ClockSkew,
            ),
            (
                answer("The request signature we calculated does not match", None),
                HeldCause::Credentials,
            ),
            (answer("", Some(now.plus(hour))), HeldCause::ClockSkew),
            (answer("", Some(now.minus(hour))), HeldCause::ClockSkew),
            (answer("", Some(now.plus(minute))), HeldCause::Credentials),
        ];
        for (answer, expected) in table {
            assert_eq!(judge(&answer, now), Verdict::Held(expected), "{answer:?}");
        }
    }
}
