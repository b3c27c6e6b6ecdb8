//! `ListTagsForResource`, for all that bears tags.

use std::collections::BTreeMap;

use hyper::http::Method;
use serde_json::json;

use super::machine::{Inside, Machine};
use super::reply::Reply;
use super::service::refused;
use crate::wire::{DescribeComputeEnvironments, DescribeJobDefinitions, DescribeJobQueues};
use crate::{ApiError, Millis};

type Tags = BTreeMap<String, String>;

/// Answers what was asked at `/v1/tags/{arn}`.
pub(super) fn answer(machine: &Machine, method: &Method, arn: &str) -> Reply {
    if method != Method::GET {
        return refused(ApiError::client(
            "The fake of AWS Batch changes no tags; they are as they were created.",
        ));
    }
    let arn = percent_decoded(arn);
    match machine.act(|inside, now| tags_of(inside, &arn, now)) {
        Ok(Some(tags)) => Reply::ok(&json!({ "tags": tags })),
        Ok(None) => refused(ApiError::client(format!("Resource {arn} does not exist"))),
        Err(error) => refused(error),
    }
}

fn tags_of(inside: &mut Inside, arn: &str, now: Millis) -> Result<Option<Tags>, ApiError> {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let (kind, name) = resource.split_once('/').unwrap_or_default();
    let account = &mut inside.account;
    let one = vec![arn.to_owned()];
    Ok(match kind {
        "job" => {
            let jobs = account.describe_jobs(&[name.to_owned()], now)?;
            jobs.first().map(|job| Tags::clone(&job.tags))
        }
        "job-queue" => {
            let asked = DescribeJobQueues {
                job_queues: one,
                ..DescribeJobQueues::default()
            };
            let mut found = account.describe_job_queues(&asked, now)?.job_queues;
            found.pop().map(|queue| queue.tags)
        }
        "job-definition" => {
            let asked = DescribeJobDefinitions {
                job_definitions: one,
                ..DescribeJobDefinitions::default()
            };
            let mut found = account
                .describe_job_definitions(&asked, now)?
                .job_definitions;
            found.pop().map(|definition| definition.registered.tags)
        }
        "compute-environment" => {
            let asked = DescribeComputeEnvironments {
                compute_environments: one,
                ..DescribeComputeEnvironments::default()
            };
            let described = account.describe_compute_environments(&asked, now)?;
            let mut found = described.compute_environments;
            found.pop().map(|environment| environment.tags)
        }
        _ => None,
    })
}

/// A part of a path as it was meant. What is not encoded well stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, others @ ..] = rest {
        let encoded = others.get(..2).filter(|_| *first == b'%');
        let byte = encoded
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_path_are_decoded() {
        assert_eq!(percent_decoded("arn%3Aaws%2fx"), "arn:aws/x");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
    }
}
