//! What a reply means that is no success. Pure, and tried by a table of what servers really say.

use std::fmt;

use batchway_domain::artifacts::ArtifactKey;

use crate::server_clock::Lead;

/// What was asked of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// What IAM calls the right to it, such as `s3:PutObject`.
    pub(crate) permission: &'static str,
    pub(crate) bucket: &'a str,
    /// None where it is about the bucket.
    pub(crate) key: Option<&'a ArtifactKey>,
    /// The region that requests go to.
    pub(crate) region: &'a str,
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            permission, bucket, ..
        } = self;
        match self.key {
            Some(key) => write!(formatter, "{permission} on {bucket}/{key}"),
            None => write!(formatter, "{permission} on {bucket}"),
        }
    }
}

/// What the server answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reply<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// The error code; none where the reply had no body, as that to `HEAD`.
    pub(crate) code: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
    /// `x-amz-bucket-region`.
    pub(crate) bucket_region: Option<&'a str>,
    /// How far our clock is ahead.
    pub(crate) lead: Lead,
}

/// What an answer means. Sentences are for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// There is no such object.
    NotFound,
    /// The condition of the request does not hold.
    ConditionFailed,
    /// The range begins after the object's end.
    RangeNotSatisfiable,
    /// There is no such multipart upload, or no more.
    NoSuchUpload,
    /// It did not happen, and would later.
    NotNow(String),
    /// It did not happen, as the two clocks differ too much.
    ClockOff(String),
    /// It did not happen, and won't until somebody mends something.
    Forbidden(String),
    /// It did not happen for want of room.
    Full(String),
    /// Nobody knows whether it happened.
    Unavailable(String),
}

/// Reads an answer.
pub(crate) fn meaning(reply: &Reply<'_>, request: &Request<'_>) -> Meaning {
    if let Some(region) = other_region(reply, request) {
        return Meaning::Forbidden(wrong_region(region, request));
    }
    by_code(reply, request).unwrap_or_else(|| by_status(reply, request))
}

/// The region that the bucket is in, where that is another than requests go to. Other replies
/// bear a region too, and that of a compatible server may be any word.
fn other_region<'a>(reply: &Reply<'a>, request: &Request<'_>) -> Option<&'a str> {
    if !matches!(reply.status, 301 | 302 | 307 | 308 | 400) {
        return None;
    }
    let named = reply.bucket_region.or_else(|| {
        // "the region 'us-east-1' is wrong; expecting 'eu-west-1'"
        let (_, rest) = reply.message?.split_once("expecting '")?;
        Some(rest.split_once('\'')?.0)
    });
    named.filter(|region| *region != request.region && !region.is_empty())
}

fn wrong_region(region: &str, request: &Request<'_>) -> String {
    format!(
        "the bucket {} is in the region {region}, and requests go to {}; set AWS_REGION={region}",
        request.bucket, request.region
    )
}

fn by_code(reply: &Reply<'_>, request: &Request<'_>) -> Option<Meaning> {
    let bucket = request.bucket;
    Some(match reply.code? {
        "NoSuchKey" | "NoSuchVersion" => Meaning::NotFound,
        "PreconditionFailed" => Meaning::ConditionFailed,
        "InvalidRange" => Meaning::RangeNotSatisfiable,
        "NoSuchUpload" => Meaning::NoSuchUpload,
        "NoSuchBucket" => Meaning::Forbidden(format!(
            "there is no bucket {bucket}; make it, or set AWS_S3_BUCKET to the one that is meant"
        )),
        "InvalidBucketName" => Meaning::Forbidden(format!(
            "{bucket} can't be the name of a bucket; set AWS_S3_BUCKET to the one that is meant"
        )),
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "IllegalLocationConstraintException" => Meaning::Forbidden(format!(
            "the bucket {bucket} is not in the region {}; set AWS_REGION to the region it is in \
             (aws s3api get-bucket-location --bucket {bucket})",
            request.region
        )),
        "ConditionalRequestConflict" | "OperationAborted" => Meaning::NotNow(format!(
            "{request} was in conflict with another request; try again"
        )),
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => Meaning::NotNow(format!(
            "{request} was throttled, as there are too many requests; it will pass"
        )),
        "BadDigest"
        | "IncompleteBody"
        | "InvalidDigest"
        | "XAmzContentSHA256Mismatch"
        | "XAmzContentChecksumMismatch" => Meaning::NotNow(format!(
            "what was sent for {request} arrived damaged and was thrown away; try again"
        )),
        "RequestTimeout" => Meaning::NotNow(format!(
            "what was sent for {request} did not arrive in time; try again"
        )),
        "QuotaExceeded"
        | "XMinioStorageFull"
        | "XMinioAdminBucketQuotaExceeded"
        | "StorageQuotaExceeded"
        | "InsufficientCapacity" => Meaning::Full(format!(
            "the server has no room left for {request}; free some or raise its quota"
        )),
        "EntityTooLarge" => Meaning::Full(format!("{request}: the object is too large for S3")),
        code => {
            return about_credentials(code, reply, request).or_else(|| about_rights(code, request));
        }
    })
}

fn about_credentials(code: &str, reply: &Reply<'_>, request: &Request<'_>) -> Option<Meaning> {
    Some(match code {
        "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "NotSignedUp"
        | "UnrecognizedClientException" => Meaning::Forbidden(format!(
            "S3 does not know the access key that {request} was signed with; check \
             AWS_ACCESS_KEY_ID, and that the key has not been deleted or made inactive"
        )),
        "SignatureDoesNotMatch" => Meaning::Forbidden(format!(
            "the signature of {request} is wrong; check that AWS_SECRET_ACCESS_KEY belongs to \
             AWS_ACCESS_KEY_ID"
        )),
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            Meaning::Forbidden(format!(
                "the credentials that {request} was signed with have expired; give new ones, or \
                 use a role, whose credentials renew themselves"
            ))
        }
        "InvalidToken" | "InvalidSecurity" => Meaning::Forbidden(format!(
            "the session token that {request} was signed with is not valid; AWS_SESSION_TOKEN, \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be of one set"
        )),
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => {
            Meaning::ClockOff(clock_off(reply.lead))
        }
        _ => return None,
    })
}

/// What to do about a clock that is wrong.
pub(crate) fn clock_off(lead: Lead) -> String {
    let by = if lead == Lead::default() {
        "more than 15 minutes off".to_owned()
    } else {
        lead.in_words()
    };
    format!(
        "this machine's clock is {by} as S3 sees it, so that signatures and links are not valid; \
         set it (timedatectl set-ntp true)"
    )
}

fn about_rights(code: &str, request: &Request<'_>) -> Option<Meaning> {
    Some(Meaning::Forbidden(match code {
        "AccessDenied" | "Forbidden" | "AllAccessDisabled" | "UnauthorizedAccess" => {
            missing_right(request)
        }
        "AccountProblem" => format!(
            "AWS refuses {request}, as there is a problem with the account; look at its billing \
             page"
        ),
        "InvalidObjectState" => format!(
            "{request} is not possible while the object is archived; restore it, or exempt the \
             artifacts from the bucket's lifecycle rule"
        ),
        code if code.starts_with("KMS.") => format!(
            "the bucket's encryption key can't be used for {request} ({code}); check its state, \
             and allow kms:Decrypt and kms:GenerateDataKey on it"
        ),
        _ => return None,
    }))
}

fn missing_right(request: &Request<'_>) -> String {
    let bucket = request.bucket;
    // Who may not list a bucket is told so little that even a missing object is forbidden.
    let listing = match (request.key, request.permission) {
        (Some(_), "s3:GetObject") => {
            format!(
                ", and s3:ListBucket on arn:aws:s3:::{bucket}, without which S3 answers so \
                     for an object that does not exist"
            )
        }
        _ => String::new(),
    };
    let resource = match request.key {
        Some(_) => format!("arn:aws:s3:::{bucket}/*"),
        None => format!("arn:aws:s3:::{bucket}"),
    };
    format!(
        "{request} is not allowed; the credentials' IAM policy must allow {} on {resource}{listing}, \
         and no bucket policy may deny it",
        request.permission
    )
}

fn by_status(reply: &Reply<'_>, request: &Request<'_>) -> Meaning {
    match reply.status {
        301 | 302 | 307 | 308 => Meaning::Forbidden(format!(
            "{request} was sent elsewhere by the server; check AWS_REGION and AWS_ENDPOINT_URL"
        )),
        401 | 403 => Meaning::Forbidden(missing_right(request)),
        412 => Meaning::ConditionFailed,
        416 => Meaning::RangeNotSatisfiable,
        429 => Meaning::NotNow(format!("{request} was throttled; it will pass")),
        507 => Meaning::Full(format!("the server has no room left for {request}")),
        400 | 405 | 411 | 413 | 501 => {
            Meaning::Forbidden(format!("the server refuses {request}{}", said(reply)))
        }
        status => Meaning::Unavailable(format!(
            "the server answered {request} with {status}{}",
            said(reply)
        )),
    }
}

/// The server's own words, in parentheses.
fn said(reply: &Reply<'_>) -> String {
    let words = [reply.code, reply.message].into_iter().flatten();
    let words = words.collect::<Vec<_>>().join(": ");
    if words.is_empty() {
        words
    } else {
        format!(" ({words})")
    }
}

#[cfg(test)]
mod tests;
