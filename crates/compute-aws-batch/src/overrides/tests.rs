use std::sync::Arc;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{Shard, TryName};
use batchway_domain::job::{RequestHash, Target};
use batchway_domain::job_type::ProcessExecution;

use super::*;

fn text_map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn execution() -> AwsBatchExecution {
    AwsBatchExecution {
        queue: "q".to_owned(),
        definition: "d".to_owned(),
        vcpus: Some("0.5".to_owned()),
        memory_mib: Some(1024),
        command: Some(vec!["simulate".to_owned(), "--fast".to_owned()]),
        environment: text_map(&[("MODE", "fast"), ("USER_ID", "nobody")]),
    }
}

fn submission(gated: bool, params: ParamsDelivery) -> Submission {
    let user = "ada".parse().unwrap();
    let job = JobId::new(Timestamp::EPOCH, Shard::of_user(&user), [7; 10]);
    Submission {
        name: TryName {
            deployment: "abcd1234".parse().unwrap(),
            job,
            number: 2,
        },
        target: Target(String::new()),
        request_hash: RequestHash("00".repeat(32)),
        execution: Execution::AwsBatch(execution()),
        gated,
        timeout: Some(Duration::from_millis(90_500)),
        environment: text_map(&[("USER_ID", "ada"), ("S3_BUCKET", "elsewhere")]),
        params,
        tenant: user,
    }
}

fn inline(params: &str) -> ParamsDelivery {
    ParamsDelivery::Inline(Arc::from(params))
}

fn environment(submission: &Submission) -> BTreeMap<String, String> {
    let ours = text_map(&[("S3_BUCKET", "bucket")]);
    let overrides = Overrides::of(submission, &execution(), &ours).unwrap();
    overrides
        .environment
        .into_iter()
        .map(|variable| (variable.name, variable.value))
        .collect()
}

#[test]
fn an_image_without_a_runner_gets_what_the_user_knows() {
    let submission = submission(false, inline(r#"{"a":"\"é"}"#));
    let job = submission.name.job.to_string();
    assert_eq!(
        environment(&submission),
        text_map(&[
            ("JOB_ID", &job),
            ("JOB_PARAMS", r#"{"a":"\"é"}"#),
            ("MODE", "fast"),
            ("S3_BUCKET", "bucket"),
            ("USER_ID", "ada"),
        ])
    );
}

#[test]
fn the_runner_gets_its_own_variables_too() {
    let seen = environment(&submission(true, ParamsDelivery::Stored));
    assert!(!seen.contains_key(variables::JOB_PARAMS));
    for (name, value) in [
        (variables::GATED, "1"),
        (variables::TRY, "2"),
        (variables::TIMEOUT_SECONDS, "90.5"),
    ] {
        assert_eq!(seen.get(name).map(String::as_str), Some(value), "{name}");
    }
    let names: Vec<_> = seen
        .keys()
        .filter(|name| name.starts_with(RESERVED))
        .collect();
    assert_eq!(names, Vec::<&String>::new(), "AWS Batch sets its own");
}

#[test]
fn resources_go_through_their_requirements() {
    let overrides = Overrides::of(
        &submission(false, inline("{}")),
        &execution(),
        &BTreeMap::new(),
    );
    let request = overrides.unwrap().into_request();
    let resources: Vec<_> = request
        .resource_requirements()
        .iter()
        .map(|resource| {
            (
                resource.r#type().unwrap().as_str(),
                resource.value().unwrap(),
            )
        })
        .collect();
    assert_eq!(resources, [("VCPU", "0.5"), ("MEMORY", "1024")]);
    assert_eq!(request.command(), ["simulate", "--fast"]);
}

#[test]
fn what_batch_would_refuse_holds_the_job() {
    let with = |change: fn(&mut AwsBatchExecution)| {
        let mut execution = execution();
        change(&mut execution);
        execution_of(&Execution::AwsBatch(execution)).map(|_| ())
    };
    assert!(with(|_| {}).is_ok());
    let flaws: [fn(&mut AwsBatchExecution); 5] = [
        |e| e.command = Some(vec!["sh".to_owned(), String::new()]),
        |e| e.environment = text_map(&[("AWS_BATCH_JOB_ID", "x")]),
        |e| e.environment = text_map(&[("", "x")]),
        |e| e.vcpus = Some("two".to_owned()),
        |e| e.vcpus = Some("0".to_owned()),
    ];
    for (number, flaw) in flaws.into_iter().enumerate() {
        let Err(SubmitError::Held(held)) = with(flaw) else {
            panic!("flaw {number} passes");
        };
        assert_eq!(held.code, "job_type_invalid");
    }
    let process = Execution::Process(ProcessExecution::default());
    assert!(matches!(
        execution_of(&process),
        Err(SubmitError::Refused { .. })
    ));
}

#[test]
fn a_reserved_name_is_refused_wherever_it_comes_from() {
    let mut submission = submission(true, inline("{}"));
    let ours = text_map(&[("AWS_BATCH_CE_NAME", "x")]);
    let held = |answer: Result<Overrides, SubmitError>| matches!(answer, Err(SubmitError::Held(_)));
    assert!(held(Overrides::of(&submission, &execution(), &ours)));
    submission.environment = ours;
    assert!(held(Overrides::of(
        &submission,
        &execution(),
        &BTreeMap::new()
    )));
}

#[test]
fn the_size_that_is_announced_holds_for_every_try() {
    let ours = text_map(&[("S3_BUCKET", "bucket")]);
    let params = r#"{"quote":"\"","line":"\n","sign":"é€"}"#;
    for gated in [false, true] {
        let submission = submission(gated, inline(params));
        let announced = request_size(
            &submission.execution,
            &submission.environment,
            &ours,
            params,
        )
        .unwrap();
        let sent = Overrides::of(&submission, &execution(), &ours)
            .unwrap()
            .size();
        let slack = announced.characters - sent.characters;
        assert!(slack < 150, "{slack} too many");
    }
    let process = Execution::Process(ProcessExecution::default());
    assert_eq!(request_size(&process, &ours, &ours, params), None);
}

#[test]
fn nothing_longer_than_the_limit_is_sent() {
    let ours = BTreeMap::new();
    let of_length = |length: usize| {
        let params = format!("\"{}\"", "x".repeat(length));
        Overrides::of(&submission(false, inline(&params)), &execution(), &ours)
    };
    let rest = of_length(0).unwrap().size().characters;
    assert_eq!(of_length(LIMIT - rest).unwrap().size().characters, LIMIT);
    let Err(SubmitError::Refused { reason }) = of_length(LIMIT - rest + 1) else {
        panic!("it is too long");
    };
    assert!(
        reason.contains("7001") && reason.contains("7000"),
        "{reason}"
    );
}
