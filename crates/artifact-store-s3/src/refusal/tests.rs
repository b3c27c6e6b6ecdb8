//! What servers really answer, and what is made of it.

use super::*;

const REGION: &str = "eu-central-1";

fn object_of(permission: &'static str, key: &ArtifactKey) -> Meaning {
    let request = Request {
        permission,
        bucket: "live2-artifacts",
        key: Some(key),
        region: REGION,
    };
    meaning(&reply(403, "AccessDenied", "Access Denied"), &request)
}

fn reply<'a>(status: u16, code: &'a str, message: &'a str) -> Reply<'a> {
    Reply {
        status,
        code: (!code.is_empty()).then_some(code),
        message: (!message.is_empty()).then_some(message),
        ..Reply::default()
    }
}

fn meaning_of(reply: &Reply<'_>) -> Meaning {
    let key: ArtifactKey = "prod/ada/job_1/results.h5".parse().unwrap();
    let request = Request {
        permission: "s3:PutObject",
        bucket: "live2-artifacts",
        key: Some(&key),
        region: REGION,
    };
    meaning(reply, &request)
}

/// `expected` is the kind, then a word that the sentence must have.
fn assert_means(reply: &Reply<'_>, kind: &str, word: &str) {
    let meaning = meaning_of(reply);
    let (found, sentence) = match &meaning {
        Meaning::NotFound => ("not found", ""),
        Meaning::ConditionFailed => ("condition failed", ""),
        Meaning::RangeNotSatisfiable => ("range", ""),
        Meaning::NoSuchUpload => ("no such upload", ""),
        Meaning::NotNow(sentence) => ("not now", sentence.as_str()),
        Meaning::ClockOff(sentence) => ("clock off", sentence.as_str()),
        Meaning::Forbidden(sentence) => ("forbidden", sentence.as_str()),
        Meaning::Full(sentence) => ("full", sentence.as_str()),
        Meaning::Unavailable(sentence) => ("unavailable", sentence.as_str()),
    };
    assert_eq!(found, kind, "{reply:?}: {sentence}");
    assert!(sentence.contains(word), "{reply:?}: {sentence}");
}

#[test]
fn every_known_answer_has_its_meaning() {
    let cases = [
        (
            404,
            "NoSuchKey",
            "The specified key does not exist.",
            "not found",
            "",
        ),
        (404, "NoSuchUpload", "", "no such upload", ""),
        (
            404,
            "NoSuchBucket",
            "The specified bucket does not exist",
            "forbidden",
            "AWS_S3_BUCKET",
        ),
        (400, "InvalidBucketName", "", "forbidden", "AWS_S3_BUCKET"),
        (412, "PreconditionFailed", "", "condition failed", ""),
        (412, "", "", "condition failed", ""),
        (416, "InvalidRange", "", "range", ""),
        (416, "", "", "range", ""),
        (409, "ConditionalRequestConflict", "", "not now", "conflict"),
        (409, "OperationAborted", "", "not now", "conflict"),
        (
            503,
            "SlowDown",
            "Please reduce your request rate.",
            "not now",
            "throttled",
        ),
        (429, "TooManyRequestsException", "", "not now", "throttled"),
        (429, "", "", "not now", "throttled"),
        (400, "RequestTimeout", "", "not now", "in time"),
        (400, "BadDigest", "", "not now", "damaged"),
        (400, "XAmzContentSHA256Mismatch", "", "not now", "damaged"),
        (
            403,
            "AccessDenied",
            "Access Denied",
            "forbidden",
            "s3:PutObject",
        ),
        (403, "", "", "forbidden", "s3:PutObject"),
        (
            403,
            "InvalidAccessKeyId",
            "",
            "forbidden",
            "AWS_ACCESS_KEY_ID",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "",
            "forbidden",
            "AWS_SECRET_ACCESS_KEY",
        ),
        (
            400,
            "ExpiredToken",
            "The provided token has expired.",
            "forbidden",
            "expired",
        ),
        (400, "TokenRefreshRequired", "", "forbidden", "expired"),
        (400, "InvalidToken", "", "forbidden", "AWS_SESSION_TOKEN"),
        (
            403,
            "RequestTimeTooSkewed",
            "",
            "clock off",
            "15 minutes off",
        ),
        (403, "AccountProblem", "", "forbidden", "billing"),
        (403, "InvalidObjectState", "", "forbidden", "archived"),
        (
            400,
            "KMS.DisabledException",
            "",
            "forbidden",
            "KMS.DisabledException",
        ),
        (301, "PermanentRedirect", "", "forbidden", "AWS_REGION"),
        (307, "TemporaryRedirect", "", "forbidden", "AWS_REGION"),
        (301, "", "", "forbidden", "AWS_REGION"),
        (
            400,
            "IllegalLocationConstraintException",
            "",
            "forbidden",
            "AWS_REGION",
        ),
        (403, "QuotaExceeded", "", "full", "quota"),
        (507, "XMinioStorageFull", "", "full", "no room"),
        (507, "", "", "full", "no room"),
        (400, "EntityTooLarge", "", "full", "too large"),
        (
            400,
            "InvalidArgument",
            "Bad value",
            "forbidden",
            "InvalidArgument: Bad value",
        ),
        (501, "NotImplemented", "", "forbidden", "NotImplemented"),
        (
            500,
            "InternalError",
            "We encountered an internal error.",
            "unavailable",
            "500",
        ),
        (503, "ServiceUnavailable", "", "unavailable", "503"),
        (503, "", "", "unavailable", "503"),
        (504, "", "", "unavailable", "504"),
        (200, "InternalError", "", "unavailable", "InternalError"),
    ];
    for (status, code, message, kind, word) in cases {
        assert_means(&reply(status, code, message), kind, word);
    }
}

/// A reply without a reason may come from anything on the way, and proves no absence.
#[test]
fn not_found_without_a_reason_is_no_absence() {
    assert_means(&reply(404, "", ""), "unavailable", "404");
}

#[test]
fn the_region_of_the_bucket_is_told() {
    let redirected = Reply {
        bucket_region: Some("us-west-2"),
        ..reply(301, "PermanentRedirect", "")
    };
    assert_means(&redirected, "forbidden", "set AWS_REGION=us-west-2");
    let without_a_body = Reply {
        bucket_region: Some("us-west-2"),
        ..reply(400, "", "")
    };
    assert_means(&without_a_body, "forbidden", "set AWS_REGION=us-west-2");
    let malformed = "The authorization header is malformed; the region 'eu-central-1' is wrong; \
                     expecting 'us-west-2'";
    let in_words = reply(400, "AuthorizationHeaderMalformed", malformed);
    assert_means(&in_words, "forbidden", "set AWS_REGION=us-west-2");
    let same_region = Reply {
        bucket_region: Some(REGION),
        ..reply(403, "AccessDenied", "")
    };
    assert_means(&same_region, "forbidden", "is not allowed");
    let missing = Reply {
        bucket_region: Some("somewhere"),
        ..reply(404, "NoSuchKey", "")
    };
    assert_means(&missing, "not found", "");
}

#[test]
fn how_far_the_clock_is_off_is_told() {
    let skewed = Reply {
        lead: Lead::from_minutes(-60),
        ..reply(403, "RequestTimeTooSkewed", "")
    };
    assert_means(&skewed, "clock off", "60 minutes behind");
}

#[test]
fn the_missing_right_and_its_resource_are_told() {
    let key: ArtifactKey = "prod/ada/job_1/results.h5".parse().unwrap();
    let Meaning::Forbidden(put) = object_of("s3:PutObject", &key) else {
        panic!("it is forbidden");
    };
    assert!(
        put.contains("s3:PutObject on live2-artifacts/prod/ada/job_1/results.h5"),
        "{put}"
    );
    assert!(
        put.contains("allow s3:PutObject on arn:aws:s3:::live2-artifacts/*"),
        "{put}"
    );
    assert!(!put.contains("s3:ListBucket"), "{put}");
    let Meaning::Forbidden(get) = object_of("s3:GetObject", &key) else {
        panic!("it is forbidden");
    };
    assert!(
        get.contains("s3:ListBucket on arn:aws:s3:::live2-artifacts,"),
        "{get}"
    );
}
