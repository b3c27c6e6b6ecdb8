use std::collections::HashMap;

use aws_sdk_batch::types::builders::JobDetailBuilder;
use aws_sdk_batch::types::{AttemptContainerDetail, LogConfiguration};

use super::*;

fn job(status: JobStatus) -> JobDetailBuilder {
    JobDetail::builder().status(status).started_at(1000)
}

fn attempt(stream: &str, stopped: bool) -> AttemptDetail {
    AttemptDetail::builder()
        .started_at(1000)
        .set_stopped_at(stopped.then_some(2000))
        .container(
            AttemptContainerDetail::builder()
                .log_stream_name(stream)
                .build(),
        )
        .build()
}

fn container(stream: &str) -> ContainerDetail {
    ContainerDetail::builder().log_stream_name(stream).build()
}

fn stream(job: JobDetailBuilder, number: u32) -> Option<(String, bool)> {
    let found = stream_of(&job.build(), number).ok()?;
    assert_eq!(found.group, DEFAULT_GROUP);
    Some((found.name, found.is_open))
}

fn named(name: &str, is_open: bool) -> Option<(String, bool)> {
    Some((name.to_owned(), is_open))
}

#[test]
fn each_attempt_has_its_stream() {
    let running = || {
        job(JobStatus::Running)
            .attempts(attempt("one", true))
            .container(container("two"))
    };
    assert_eq!(stream(running(), 1), named("one", false));
    assert_eq!(stream(running(), 2), named("two", true));
    assert_eq!(stream(running(), 3), None);
    assert_eq!(stream(running(), 0), None);

    let ended = || {
        job(JobStatus::Failed)
            .attempts(attempt("one", true))
            .attempts(attempt("two", true))
            .container(container("two"))
    };
    assert_eq!(stream(ended(), 1), named("one", false));
    assert_eq!(stream(ended(), 2), named("two", false));
    assert_eq!(stream(ended(), 3), None);
}

#[test]
fn emulators_tell_the_stream_of_the_container_only() {
    let ended = || job(JobStatus::Succeeded).container(container("one"));
    assert_eq!(stream(ended(), 1), named("one", false));
    assert_eq!(stream(ended(), 2), None);
}

#[test]
fn what_has_not_begun_has_no_stream() {
    let waiting = job(JobStatus::Runnable)
        .started_at(0)
        .container(container("one"));
    assert_eq!(stream(waiting, 1), None);
    assert_eq!(
        stream(job(JobStatus::Running).container(container("")), 1),
        None
    );
}

#[test]
fn the_definition_may_name_another_group_or_another_driver() {
    let configured = |driver, options: &[(&str, &str)]| {
        let options: HashMap<String, String> = options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let configuration = LogConfiguration::builder()
            .log_driver(driver)
            .set_options(Some(options))
            .build();
        let container = ContainerDetail::builder()
            .log_stream_name("one")
            .log_configuration(configuration)
            .build();
        stream_of(&job(JobStatus::Succeeded).container(container).build(), 1)
    };
    let group = configured(LogDriver::Awslogs, &[("awslogs-group", "/ours")]).unwrap();
    assert_eq!(group.group, "/ours");
    let default = configured(LogDriver::Awslogs, &[]).unwrap();
    assert_eq!(default.group, DEFAULT_GROUP);
    let Err(LogError::NoLog { reason }) = configured(LogDriver::Splunk, &[]) else {
        panic!("CloudWatch has none of it");
    };
    assert!(reason.contains("splunk"), "{reason}");
}

#[test]
fn only_our_own_cursors_are_taken() {
    let after = |text: &str| check(&LogPosition::After(LogCursor(text.to_owned())));
    for good in [BEGINNING, "f/38123456789/s"] {
        assert!(after(good).is_ok(), "{good}");
    }
    for bad in ["", "0", "b/38123456789/s", "nothing"] {
        assert!(matches!(after(bad), Err(LogError::InvalidCursor)), "{bad}");
    }
}
