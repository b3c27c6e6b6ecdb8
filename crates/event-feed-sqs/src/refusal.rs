//! What an answer of SQS means that is no success. Pure, and tried by a table.

use crate::queue::QueueUrl;

/// What was asked of SQS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// What IAM calls the right to it, such as `sqs:ReceiveMessage`.
    pub(crate) permission: &'static str,
    pub(crate) queue: &'a QueueUrl,
    /// The region that requests are signed for.
    pub(crate) region: &'a str,
}

/// What SQS answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reply<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    pub(crate) code: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
}

/// A sentence for the operator: what happened, to what, and what to do.
pub(crate) fn sentence(reply: &Reply<'_>, request: &Request<'_>) -> String {
    let code = reply.code.unwrap_or_default();
    // With the JSON protocol codes are names of errors, with the older one they have a prefix.
    let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
    about_queue(code, request)
        .or_else(|| about_credentials(code, reply, request))
        .unwrap_or_else(|| by_status(reply, request))
}

fn about_queue(code: &str, request: &Request<'_>) -> Option<String> {
    let Request {
        permission,
        queue,
        region,
    } = request;
    Some(match code {
        "QueueDoesNotExist" | "NonExistentQueue" | "InvalidAddress" => format!(
            "there is no queue {queue} in the region {region}; make it, or set \
             BATCHWAY_EVENTS_QUEUE_URL to the one that is meant"
        ),
        "QueueDeletedRecently" => {
            format!("the queue {queue} has just been deleted; make it again in a minute")
        }
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" => format!(
            "{permission} is not allowed on {queue}; the credentials' IAM policy must allow it on \
             {}, and the queue's own policy must not deny it",
            queue.arn()
        ),
        "OverLimit" => format!(
            "too many messages of {queue} have been delivered and not deleted; look for a gateway \
             that can't delete them"
        ),
        "RequestThrottled" | "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            format!("SQS takes no more calls on {queue} for now; it will pass")
        }
        code if code.starts_with("Kms") => format!(
            "the key that encrypts {queue} can't be used ({code}); check its state, and allow \
             kms:Decrypt on it"
        ),
        "UnsupportedOperation" => format!(
            "SQS does not take {permission} on {queue}; check that the URL is the one of a queue"
        ),
        _ => return None,
    })
}

fn about_credentials(code: &str, reply: &Reply<'_>, request: &Request<'_>) -> Option<String> {
    let queue = request.queue;
    let is_of_other_time = reply.message.is_some_and(|message| {
        message.contains("Signature expired") || message.contains("Signature not yet current")
    });
    Some(match code {
        _ if is_of_other_time => format!(
            "this machine's clock is more than five minutes off as SQS sees it, so that no \
             request for {queue} is valid; set it (timedatectl set-ntp true)"
        ),
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" => format!(
            "AWS does not know the access key that is used for {queue}; check AWS_ACCESS_KEY_ID, \
             AWS_SESSION_TOKEN, and that the key has not been deleted or made inactive"
        ),
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" => format!(
            "the signature of a request for {queue} is wrong; check that AWS_SECRET_ACCESS_KEY \
             belongs to AWS_ACCESS_KEY_ID, and that the queue is in the region {}",
            request.region
        ),
        "ExpiredToken" | "ExpiredTokenException" => format!(
            "the credentials that are used for {queue} have expired; give new ones, or use a \
             role, whose credentials renew themselves"
        ),
        "InvalidSecurity"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => {
            format!("SQS does not take the credentials that are used for {queue}; check them")
        }
        _ => return None,
    })
}

fn by_status(reply: &Reply<'_>, request: &Request<'_>) -> String {
    let queue = request.queue;
    let said: Vec<&str> = [reply.code, reply.message].into_iter().flatten().collect();
    let said = match &said[..] {
        [] => String::new(),
        words => format!(" ({})", words.join(": ")),
    };
    match reply.status {
        401 | 403 => format!(
            "{} is not allowed on {queue}{said}; check the credentials' IAM policy",
            request.permission
        ),
        301..=308 => format!(
            "requests for {queue} are sent elsewhere{said}; check AWS_REGION and AWS_ENDPOINT_URL"
        ),
        200..=299 => format!(
            "the answer for {queue} can't be understood{said}; check that AWS_ENDPOINT_URL leads \
             to SQS"
        ),
        500.. => format!(
            "SQS is not well: it answered {} for {queue}{said}",
            reply.status
        ),
        status => format!(
            "SQS refuses {} on {queue} with {status}{said}",
            request.permission
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/events";

    fn said(status: u16, code: &str, message: &str) -> String {
        let queue = QueueUrl::parse(URL).unwrap();
        let request = Request {
            permission: "sqs:ReceiveMessage",
            queue: &queue,
            region: "eu-central-1",
        };
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let reply = Reply {
            status,
            code: some(code),
            message: some(message),
        };
        sentence(&reply, &request)
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let skewed = "Signature expired: 20260301T100000Z is now earlier than 20260301T105500Z";
        for (status, code, message, expected) in [
            (400, "QueueDoesNotExist", "", "BATCHWAY_EVENTS_QUEUE_URL"),
            (
                400,
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist.",
                "BATCHWAY_EVENTS_QUEUE_URL",
            ),
            (
                403,
                "AccessDenied",
                "",
                "arn:aws:sqs:eu-central-1:123456789012:events",
            ),
            (
                400,
                "AccessDeniedException",
                "",
                "must allow it on arn:aws:sqs",
            ),
            (403, "InvalidClientTokenId", "", "AWS_ACCESS_KEY_ID"),
            (400, "UnrecognizedClientException", "", "AWS_ACCESS_KEY_ID"),
            (403, "SignatureDoesNotMatch", "", "AWS_SECRET_ACCESS_KEY"),
            (403, "SignatureDoesNotMatch", skewed, "timedatectl"),
            (400, "InvalidSignatureException", skewed, "timedatectl"),
            (403, "ExpiredToken", "", "have expired"),
            (400, "OverLimit", "", "can't delete them"),
            (400, "KmsAccessDenied", "", "kms:Decrypt"),
            (400, "KmsDisabled", "", "kms:Decrypt"),
            (403, "RequestThrottled", "", "it will pass"),
            (403, "", "", "IAM policy"),
            (307, "", "", "AWS_REGION"),
            (200, "", "", "AWS_ENDPOINT_URL leads to SQS"),
            (503, "", "", "answered 503"),
            (418, "Odd", "a teapot", "with 418 (Odd: a teapot)"),
        ] {
            let sentence = said(status, code, message);
            assert!(sentence.contains(expected), "{code} {status}: {sentence}");
            assert!(sentence.contains(URL), "{code} {status}: {sentence}");
        }
    }
}
