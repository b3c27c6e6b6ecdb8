//! A presigned link, made as for an artifact, and followed.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_doctor::aws::{Reply, SignedCalls};
use batchway_doctor::{About, Check, Mend};
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactStore, Clock, Disposition};

use crate::configuration::{ArtifactsChoice, Configuration};
use crate::system_clock::SystemClock;

/// The link is followed at once.
const VALID: Duration = Duration::from_secs(60);

/// A link to what is not there: S3 looks at the signature first, and says so.
pub(super) async fn examine(
    configuration: &Configuration,
    sdk: &SdkConfig,
    calls: &SignedCalls,
) -> Option<Check> {
    let ArtifactsChoice::S3 { bucket } = &configuration.adapters.artifacts else {
        return None;
    };
    let about = About::new("s3.link", format!("presigned links to {bucket}"));
    let key = format!("{}/batchway-doctor/job_0/absent", configuration.environment);
    let key: ArtifactKey = key.parse().ok()?;
    let store = S3ArtifactStore::new(sdk, S3Settings::new(bucket), Arc::new(SystemClock));
    let ttl = configuration.link_ttl;
    let (link, long) = tokio::join!(
        store.link(&key, VALID, Disposition::Inline),
        store.link(&key, ttl, Disposition::Inline),
    );
    let link = match link {
        Ok(link) => link,
        Err(error) => return Some(about.skipped(format!("none can be signed: {error}"))),
    };
    let shorter = long
        .ok()
        .map(|long| long.expires_at.since(SystemClock.now()))
        .filter(|lives| *lives + Duration::from_secs(5) < ttl);
    Some(match calls.get(&link.url).await {
        Ok(reply) => judge(&about, &reply, shorter),
        Err(unreached) => about.failed(
            unreached.to_string(),
            "whoever follows a link from here gets nothing",
            Mend::by("check this machine's way to S3, and AWS_ENDPOINT_URL_S3"),
        ),
    })
}

fn judge(about: &About, reply: &Reply, shorter: Option<Duration>) -> Check {
    // The code alone: the rest of such an answer quotes the signature.
    let codes = [
        "NoSuchKey",
        "NoSuchBucket",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "RequestTimeTooSkewed",
        "AccessDenied",
        "ExpiredToken",
    ];
    let code = codes.iter().find(|code| reply.body.contains(**code));
    let code = code.copied().unwrap_or("no known code");
    let seen = format!("S3 answered {} ({code})", reply.status);
    match (reply.status, code, shorter) {
        (404, "NoSuchKey", Some(lives)) => about.warning(
            format!("they live for {} s only", lives.as_secs()),
            "no link lives longer than the credentials that sign it (BATCHWAY_LINK_TTL)",
            Mend::by("sign with the access key of a user, or with a role of longer sessions"),
        ),
        // Or someone has put it there.
        (404, "NoSuchKey", None) | (200, ..) => about.passed("signed, followed, and taken"),
        (403, "AccessDenied", _) => about.failed(
            seen,
            "links may be refused: reading is not allowed, or without s3:ListBucket what is \
             missing looks forbidden",
            Mend::by("see rights.service; --policy prints what the service needs"),
        ),
        (404, "NoSuchBucket", _) => about.skipped("the bucket is not there"),
        _ => about.failed(
            seen,
            "no link to an artifact works",
            Mend::by(
                "set the clock; set AWS_SECRET_ACCESS_KEY anew; let AWS_ENDPOINT_URL_S3 be the \
                 address that browsers use too",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use batchway_doctor::Verdict;

    #[test]
    fn what_s3_says_of_a_link_and_nothing_that_it_quotes() {
        let about = About::new("s3.link", "links");
        for (status, code, verdict) in [
            (404, "NoSuchKey", Verdict::Passed),
            (404, "NoSuchBucket", Verdict::Skipped),
            (403, "SignatureDoesNotMatch", Verdict::Failed),
            (403, "RequestTimeTooSkewed", Verdict::Failed),
            (403, "AccessDenied", Verdict::Failed),
            (200, "", Verdict::Passed),
            (502, "<html>", Verdict::Failed),
        ] {
            let reply = Reply {
                status,
                body: format!("<Code>{code}</Code><StringToSign>hunter2</StringToSign>"),
                ..Reply::default()
            };
            let check = judge(&about, &reply, None);
            assert_eq!(check.verdict, verdict, "{code}");
            assert!(!format!("{check:?}").contains("hunter2"));
        }
        let reply = Reply {
            status: 404,
            body: "<Code>NoSuchKey</Code>".to_owned(),
            ..Reply::default()
        };
        let short = judge(&about, &reply, Some(Duration::from_secs(900)));
        assert_eq!(short.verdict, Verdict::Warning);
    }
}
