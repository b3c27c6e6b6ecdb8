//! The whole selection as a table.

use super::*;

type Pairs = &'static [(&'static str, &'static str)];

fn select(pairs: &[(&str, &str)]) -> Result<Adapters, String> {
    Adapters::select(&Variables::of_pairs(pairs)).map_err(|failure| failure.to_string())
}

/// What was picked, in words: store, artifacts, compute, and what else can be used.
fn picked(pairs: &[(&str, &str)]) -> String {
    let adapters = match select(pairs) {
        Ok(adapters) => adapters,
        Err(problem) => return format!("refused: {problem}"),
    };
    let mut words = vec![
        match adapters.store {
            StoreChoice::Sqlite => "sqlite",
            StoreChoice::Redis(_) => "redis",
        },
        match adapters.artifacts {
            ArtifactsChoice::Filesystem => "filesystem",
            ArtifactsChoice::S3 { .. } => "s3",
        },
        match adapters.compute {
            ComputeChoice::Process => "process",
            ComputeChoice::AwsBatch => "aws-batch",
        },
    ];
    let batch = adapters.batch.as_ref();
    if batch.is_some() && adapters.compute == ComputeChoice::Process {
        words.push("(and aws-batch)");
    }
    if batch.is_some_and(|batch| batch.events_queue_url.is_some()) {
        words.push("events");
    }
    if adapters.aws.is_some() {
        words.push("aws");
    }
    words.join(" ")
}

const Q: (&str, &str) = (QUEUE, "live2-job-queue");
const D: (&str, &str) = (DEFINITION, "live2-simulation");
const B: (&str, &str) = (BUCKET, "live2-artifacts");
const H: (&str, &str) = ("REDIS_HOST", "localhost");
const E: (&str, &str) = (EVENTS, "https://sqs.eu-central-1.amazonaws.com/1/events");
const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "hunter2");
const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");

#[test]
fn what_is_set_selects() {
    let cases: &[(Pairs, &str)] = &[
        (&[], "sqlite filesystem process"),
        (&[KEY, SECRET, REGION], "sqlite filesystem process"),
        (&[KEY], "sqlite filesystem process"),
        (&[H], "redis filesystem process"),
        (
            &[("REDIS_URL", "redis://localhost")],
            "redis filesystem process",
        ),
        (&[B], "sqlite s3 process aws"),
        (&[Q, D, B], "sqlite s3 aws-batch aws"),
        (&[Q, D, B, H, KEY, SECRET], "redis s3 aws-batch aws"),
        (&[Q, D, B, E], "sqlite s3 aws-batch events aws"),
        // An empty variable is none.
        (
            &[(QUEUE, ""), (BUCKET, " "), ("REDIS_HOST", "")],
            "sqlite filesystem process",
        ),
        // A choice comes before what is set.
        (&[H, (STORE, "sqlite")], "sqlite filesystem process"),
        (
            &[("REDIS_PORT", "1"), (STORE, "sqlite")],
            "sqlite filesystem process",
        ),
        (&[H, (STORE, "redis")], "redis filesystem process"),
        (&[B, (ARTIFACTS, "filesystem")], "sqlite filesystem process"),
        (&[B, (ARTIFACTS, "s3")], "sqlite s3 process aws"),
        (&[Q, (COMPUTE, "process")], "sqlite filesystem process"),
        (&[E, (COMPUTE, "process")], "sqlite filesystem process"),
        (
            &[Q, D, B, (COMPUTE, "aws-batch")],
            "sqlite s3 aws-batch aws",
        ),
        // The default is another, and types can still name AWS Batch.
        (
            &[Q, D, B, (COMPUTE, "process")],
            "sqlite s3 process (and aws-batch) aws",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(&picked(pairs), expected, "{pairs:?}");
    }
}

#[test]
fn half_a_configuration_is_refused_naming_all_that_is_missing() {
    let cases: &[(Pairs, &[&str])] = &[
        (&[Q], &[QUEUE, DEFINITION, BUCKET]),
        (&[D], &[DEFINITION, QUEUE, BUCKET]),
        (&[Q, D], &[BUCKET]),
        (&[Q, B], &[DEFINITION]),
        (&[D, B], &[QUEUE]),
        (
            &[Q, D, B, (ARTIFACTS, "filesystem")],
            &["BATCHWAY_ARTIFACTS=s3"],
        ),
        (
            &[(COMPUTE, "aws-batch")],
            &[COMPUTE, QUEUE, DEFINITION, BUCKET],
        ),
        (&[(ARTIFACTS, "s3")], &[ARTIFACTS, BUCKET]),
        (&[(STORE, "redis")], &["REDIS_HOST", "REDIS_URL"]),
        (
            &[("REDIS_PASSWORD", "hunter2")],
            &["REDIS_PASSWORD", "REDIS_HOST"],
        ),
        (
            &[H, ("REDIS_URL", "redis://localhost")],
            &["REDIS_HOST", "REDIS_URL"],
        ),
        (&[E], &[EVENTS, QUEUE, DEFINITION, BUCKET]),
        (&[B, KEY], &["AWS_SECRET_ACCESS_KEY is not"]),
        (&[Q, D, B, SECRET], &["AWS_ACCESS_KEY_ID is not"]),
        (
            &[B, ("AWS_SESSION_TOKEN", "hunter2")],
            &["AWS_SESSION_TOKEN"],
        ),
        // All of it at once.
        (
            &[Q, KEY, B, ("REDIS_PORT", "1")],
            &[DEFINITION, "AWS_SECRET_ACCESS_KEY", "REDIS_HOST"],
        ),
    ];
    for (pairs, named) in cases {
        let problem = select(pairs).unwrap_err();
        for name in *named {
            assert!(problem.contains(name), "{pairs:?} lacks {name}: {problem}");
        }
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn the_variables_of_the_requirements_are_taken_as_they_are() {
    let adapters = select(&[
        KEY,
        SECRET,
        ("AWS_REGION", "eu-central-1"),
        Q,
        D,
        B,
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_SERVICE_KEY", "hunter2"),
        H,
        ("REDIS_PORT", "6379"),
        ("REDIS_PASSWORD", "hunter2"),
    ])
    .unwrap();
    let batch = adapters.batch.unwrap();
    assert_eq!(
        (batch.queue.as_str(), batch.definition.as_str()),
        ("live2-job-queue", "live2-simulation")
    );
    assert_eq!(
        adapters.artifacts,
        ArtifactsChoice::S3 {
            bucket: "live2-artifacts".into()
        }
    );
    assert_eq!(adapters.aws.unwrap().credentials.unwrap().id, "AKIDEXAMPLE");
    let StoreChoice::Redis(redis) = adapters.store else {
        panic!("{:?}", adapters.store);
    };
    assert_eq!(redis.servers, [("localhost".to_owned(), 6379)]);
    assert_eq!(redis.password.as_deref(), Some("hunter2"));
}

#[test]
fn a_bucket_is_a_name_and_a_queue_of_events_a_url() {
    let uri = (BUCKET, "s3://live2-artifacts");
    assert!(select(&[uri]).unwrap_err().contains("no URL"));
    assert!(select(&[uri, (ARTIFACTS, "filesystem")]).is_ok());
    let problem = select(&[Q, D, B, (EVENTS, "batchway-events")]).unwrap_err();
    assert!(problem.contains("queue's URL"), "{problem}");
}
