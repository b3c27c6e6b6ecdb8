//! The bucket of the artifacts: whether it is there, in which region, and what it forgets.

use std::time::Duration;

use super::call::{AwsServices, Call, Reply, Trouble, ask};
use super::{Configured, xml};
use crate::check::{About, Check, Mend};

const DAY: u64 = 24 * 3600;

pub(crate) async fn examine(aws: &dyn AwsServices, configured: &Configured) -> Vec<Check> {
    let Some(bucket) = configured.bucket.as_deref() else {
        return vec![];
    };
    let prefix = &configured.environment;
    let list = format!("/{bucket}?list-type=2&max-keys=1&prefix={prefix}%2F");
    let list = Call::s3("s3:ListBucket", "GET", list);
    let head = Call::s3("s3:ListBucket", "HEAD", format!("/{bucket}"));
    let lifecycle = format!("/{bucket}?lifecycle");
    let (head, listed, lifecycle) = tokio::join!(
        aws.call(&head),
        aws.call(&list),
        ask(
            aws,
            Call::s3("s3:GetLifecycleConfiguration", "GET", lifecycle)
        ),
    );
    let elsewhere = [head.as_ref(), listed.as_ref()]
        .into_iter()
        .filter_map(|reply| reply.ok()?.bucket_region.clone())
        .find(|region| *region != configured.region);
    let subject = format!("bucket {bucket}");
    if let Some(region) = elsewhere {
        return vec![
            About::new("s3.region", subject).failed(
                format!(
                    "it lies in {region}, and AWS_REGION is {}",
                    configured.region
                ),
                "results can't be read or listed, and no link works",
                Mend::by(format!(
                    "set AWS_REGION={region} where all else is there too, or take a bucket in {}",
                    configured.region
                ))
                .command(format!("aws s3api get-bucket-location --bucket {bucket}")),
            ),
        ];
    }
    let listed = listed.map_err(Trouble::Unreached);
    let about = About::new("s3.bucket", &subject);
    let check = judge(&about, configured, bucket, listed);
    if check.verdict != crate::Verdict::Passed {
        return vec![check];
    }
    let about = About::new("s3.lifecycle", &subject);
    vec![
        check,
        judge_lifecycle(&about, configured, bucket, lifecycle),
    ]
}

fn judge(
    about: &About,
    configured: &Configured,
    bucket: &str,
    listed: Result<Reply, Trouble>,
) -> Check {
    let region = &configured.region;
    let trouble = match listed.map(|reply| (reply.refusal(), reply)) {
        Ok((None, _)) => return about.passed(format!("in {region}")),
        Ok((Some(refusal), _)) => Trouble::Refused(refusal),
        Err(trouble) => trouble,
    };
    let code = trouble.refusal().map(|refusal| refusal.code.as_str());
    let mend = match code {
        Some("NoSuchBucket") => Mend::by(
            "make it (infra/aws/batchway.yaml does, with a lifecycle and without public access), \
             or name another in AWS_S3_BUCKET",
        )
        .command(format!("aws s3 mb s3://{bucket} --region {region}")),
        _ if trouble.is_denied() => Mend::by(
            "allow it in the policy of the service, if the bucket is yours: names of buckets are \
             the same all over the world",
        )
        .policy(serde_json::json!({
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": format!("arn:{}:s3:::{bucket}", crate::rights::partition_of(region)),
        })),
        _ => Mend::by("check this machine's way to S3, AWS_REGION and AWS_ENDPOINT_URL"),
    };
    about.failed(
        trouble.to_string(),
        "results can't be kept, read or listed",
        mend,
    )
}

fn judge_lifecycle(
    about: &About,
    configured: &Configured,
    bucket: &str,
    lifecycle: Result<Reply, Trouble>,
) -> Check {
    let rules = match lifecycle {
        Ok(reply) => reply.body,
        Err(trouble) if trouble.is_denied() => {
            return about.may_not_look("s3:GetLifecycleConfiguration");
        }
        Err(trouble) if code_of(&trouble) == Some("NoSuchLifecycleConfiguration") => String::new(),
        Err(trouble) => return about.skipped(trouble.to_string()),
    };
    if !rules.contains("<AbortIncompleteMultipartUpload>") {
        return about.warning(
            "no rule ends uploads that broke off",
            "a container that is killed leaves parts behind, which cost money and are in no list",
            Mend::by("add a rule; this one replaces all that there are").command(format!(
                "aws s3api put-bucket-lifecycle-configuration --bucket {bucket} \
                 --lifecycle-configuration '{{\"Rules\":[{{\"ID\":\"uploads-that-broke-off\",\
                 \"Status\":\"Enabled\",\"Filter\":{{}},\"AbortIncompleteMultipartUpload\":\
                 {{\"DaysAfterInitiation\":7}}}}]}}'"
            )),
        );
    }
    let expiry = xml::texts(&rules, "Expiration")
        .filter_map(|rule| xml::texts(&rule, "Days").next()?.parse::<u64>().ok())
        .min();
    match expiry {
        Some(days) if Duration::from_secs(days * DAY) < configured.retention => about.warning(
            format!("objects go after {days} days"),
            "jobs are shown for longer (BATCHWAY_JOB_RETENTION), with artifacts that are gone",
            Mend::by("let objects stay longer, or jobs go sooner"),
        ),
        Some(days) => about.passed(format!("objects go after {days} days")),
        None => about.passed("uploads that broke off go, objects stay"),
    }
}

fn code_of(trouble: &Trouble) -> Option<&str> {
    Some(trouble.refusal()?.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::aws::fake::Aws;

    fn configured() -> Configured {
        Configured {
            region: "eu-central-1".to_owned(),
            bucket: Some("live2-artifacts".to_owned()),
            environment: "prod".to_owned(),
            retention: Duration::from_secs(90 * DAY),
            ..Configured::default()
        }
    }

    async fn examined(status: u16, code: &str) -> Check {
        let body = format!("<Error><Code>{code}</Code></Error>");
        let aws = Aws::default().answers("s3:ListBucket", status, &body);
        let checks = examine(&aws, &configured()).await;
        checks.into_iter().next().unwrap()
    }

    #[tokio::test]
    async fn each_fault_of_a_bucket_has_its_mend() {
        let gone = examined(404, "NoSuchBucket").await;
        let command = gone.mend.unwrap().command.unwrap();
        assert_eq!(
            command,
            "aws s3 mb s3://live2-artifacts --region eu-central-1"
        );
        let denied = examined(403, "AccessDenied").await;
        assert_eq!(
            denied.mend.unwrap().policy.unwrap()["Action"],
            "s3:ListBucket"
        );
    }

    #[tokio::test]
    async fn a_bucket_in_another_region_is_told_with_the_region() {
        let reply = Reply {
            status: 301,
            bucket_region: Some("us-west-2".to_owned()),
            ..Reply::default()
        };
        let aws = Aws::default().replies("s3:ListBucket", reply);
        let checks = examine(&aws, &configured()).await;
        assert_eq!((checks.len(), checks[0].id), (1, "s3.region"));
        assert!(
            checks[0]
                .mend
                .as_ref()
                .unwrap()
                .advice
                .contains("AWS_REGION=us-west-2")
        );
    }

    #[tokio::test]
    async fn what_a_bucket_forgets() {
        let abort = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
        let expiry = |days: u32| format!("{abort}<Expiration><Days>{days}</Days></Expiration>");
        for (status, rules, verdict) in [
            (200, abort.to_owned(), Verdict::Passed),
            (200, expiry(90), Verdict::Passed),
            (200, expiry(30), Verdict::Warning),
            (200, "<Rule/>".to_owned(), Verdict::Warning),
            (
                404,
                "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>".to_owned(),
                Verdict::Warning,
            ),
            (
                403,
                "<Error><Code>AccessDenied</Code></Error>".to_owned(),
                Verdict::Skipped,
            ),
        ] {
            let aws = Aws::default().answers("s3:ListBucket", 200, "").answers(
                "s3:GetLifecycleConfiguration",
                status,
                &rules,
            );
            let checks = examine(&aws, &configured()).await;
            assert_eq!(checks[1].verdict, verdict, "{rules}");
        }
    }
}
