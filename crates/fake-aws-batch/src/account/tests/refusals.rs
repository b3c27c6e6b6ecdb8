//! What SubmitJob refuses, and what it accepts although it will fail.

use std::collections::BTreeMap;

use super::*;
use crate::wire::{
    ArrayProperties, ContainerOverrides, EvaluateOnExit, JobDependency, KeyValuePair,
    ResourceRequirement, RetryAction,
};

fn overriding(overrides: ContainerOverrides) -> SubmitJob {
    SubmitJob {
        container_overrides: Some(overrides),
        ..program("a")
    }
}

fn needing(vcpus: &str, memory: &str) -> ContainerOverrides {
    ContainerOverrides {
        resource_requirements: vec![
            ResourceRequirement::vcpu(vcpus),
            ResourceRequirement::memory(memory),
        ],
        ..ContainerOverrides::default()
    }
}

fn with_variable(name: &str, value: &str) -> SubmitJob {
    overriding(ContainerOverrides {
        environment: vec![KeyValuePair::new(name, value)],
        ..ContainerOverrides::default()
    })
}

fn with_command(words: &[&str]) -> SubmitJob {
    overriding(ContainerOverrides {
        command: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        ..ContainerOverrides::default()
    })
}

fn tags(count: usize) -> BTreeMap<String, String> {
    (0..count)
        .map(|n| (format!("key{n}"), String::new()))
        .collect()
}

fn rules(count: usize, rule: &EvaluateOnExit) -> SubmitJob {
    SubmitJob {
        retry_strategy: Some(RetryStrategy {
            attempts: Some(2),
            evaluate_on_exit: vec![rule.clone(); count],
        }),
        ..program("a")
    }
}

fn in_array(size: i32) -> SubmitJob {
    SubmitJob {
        array_properties: Some(ArrayProperties { size: Some(size) }),
        ..program("a")
    }
}

fn sized(bytes: usize) -> SubmitJob {
    SubmitJob {
        body_bytes: Some(bytes),
        ..program("a")
    }
}

fn tagged(tags: BTreeMap<String, String>) -> SubmitJob {
    SubmitJob {
        tags,
        ..program("a")
    }
}

fn shared(queue: &str, share: Option<&str>) -> SubmitJob {
    SubmitJob {
        job_queue: queue.to_owned(),
        share_identifier: share.map(str::to_owned),
        ..program("a")
    }
}

#[test]
fn requests_by_what_becomes_of_them() {
    let rule = EvaluateOnExit {
        on_exit_code: Some("1*".to_owned()),
        action: Some(RetryAction::Retry),
        ..EvaluateOnExit::default()
    };
    let codes = |code: &str| EvaluateOnExit {
        on_exit_code: Some(code.to_owned()),
        ..rule.clone()
    };
    let without_action = EvaluateOnExit {
        action: None,
        ..rule.clone()
    };
    let without_pattern = EvaluateOnExit {
        on_exit_code: None,
        ..rule.clone()
    };
    let reserved = BTreeMap::from([("aws:owner".to_owned(), String::new())]);
    let priority = |priority| SubmitJob {
        scheduling_priority_override: Some(priority),
        ..shared("fair", Some("a"))
    };
    let outdated = |request: SubmitJob| SubmitJob {
        container_overrides: Some(ContainerOverrides {
            vcpus: Some(2),
            ..ContainerOverrides::default()
        }),
        ..request
    };
    let table = [
        ("a name", program("Bw-1_a"), true),
        ("no name", program(""), false),
        ("128 characters", program(&"a".repeat(128)), true),
        ("129 characters", program(&"a".repeat(129)), false),
        ("begins with a hyphen", program("-a"), false),
        ("a dot", program("a.b"), false),
        ("another alphabet", program("ä"), false),
        ("30 KiB", sized(30 * 1024), true),
        ("over 30 KiB", sized(30 * 1024 + 1), false),
        ("1 attempt", with_attempts(1, program("a")), true),
        ("10 attempts", with_attempts(10, program("a")), true),
        ("no attempt", with_attempts(0, program("a")), false),
        ("11 attempts", with_attempts(11, program("a")), false),
        ("5 rules", rules(5, &rule), true),
        ("6 rules", rules(6, &rule), false),
        ("a code that is none", rules(1, &codes("1x")), false),
        ("any code", rules(1, &codes("*")), true),
        ("no action", rules(1, &without_action), false),
        ("no pattern", rules(1, &without_pattern), false),
        ("array of 1", in_array(1), false),
        ("array of 2", in_array(2), true),
        ("array of 10,000", in_array(10_000), true),
        ("array of 10,001", in_array(10_001), false),
        ("50 tags", tagged(tags(50)), true),
        ("51 tags", tagged(tags(51)), false),
        ("a tag of AWS", tagged(reserved), false),
        ("share in a plain queue", shared("main", Some("a")), false),
        (
            "share in a fair queue",
            shared("fair", Some("tenantZd1")),
            true,
        ),
        ("no share in a fair queue", shared("fair", None), false),
        ("a share with a hyphen", shared("fair", Some("a-b")), false),
        ("priority 9999", priority(9999), true),
        ("priority 10000", priority(10_000), false),
        ("a variable", with_variable("MY_AWS_BATCH", "1"), true),
        (
            "a variable of Batch",
            with_variable("AWS_BATCH_JOB_ID", "1"),
            false,
        ),
        (
            "a variable like those",
            with_variable("AWS_BATCHED", "1"),
            false,
        ),
        ("a command", with_command(&["echo", " "]), true),
        (
            "a command with nothing in it",
            with_command(&["echo", ""]),
            false,
        ),
        (
            "a size of Fargate",
            overriding(needing("0.5", "1024")),
            true,
        ),
        (
            "no size of Fargate",
            overriding(needing("0.5", "1000")),
            false,
        ),
        ("vcpus on Fargate", outdated(program("a")), false),
        ("vcpus on EC2", outdated(machine("a")), true),
    ];
    for (case, request, expected) in table {
        let mut world = World::new();
        let answer = world.account.submit_job(&request, world.now);
        assert_eq!(answer.is_ok(), expected, "{case}: {answer:?}");
        if let Err(error) = answer {
            assert_eq!(
                (error.status, error.code),
                (400, "ClientException"),
                "{case}"
            );
        }
    }
}

#[test]
fn sizes_on_ec2_are_whole_numbers() {
    let table = [
        ("2", "4096", true),
        ("0.5", "4096", false),
        ("0", "4096", false),
        ("1", "3", false),
    ];
    for (vcpus, memory, expected) in table {
        let mut world = World::new();
        let request = SubmitJob {
            container_overrides: Some(needing(vcpus, memory)),
            ..machine("a")
        };
        let answer = world.account.submit_job(&request, world.now);
        assert_eq!(answer.is_ok(), expected, "{vcpus} {memory}");
    }
}

#[test]
fn at_most_twenty_dependencies() {
    let mut world = World::new();
    let first = world.submit(&program("first"));
    let on = |count: usize| SubmitJob {
        depends_on: vec![JobDependency::on(first.clone()); count],
        ..program("a")
    };
    world.submit(&on(20));
    assert!(world.refused(&on(21)).contains("20"));
    let nobody = SubmitJob {
        depends_on: vec![JobDependency::on("nobody")],
        ..program("a")
    };
    assert!(world.refused(&nobody).contains("nobody"));
}

#[test]
fn unknown_and_disabled_queues() {
    let mut world = World::new();
    let elsewhere = SubmitJob {
        job_queue: "elsewhere".to_owned(),
        ..program("a")
    };
    assert_eq!(world.refused(&elsewhere), "JobQueue elsewhere not found.");
    let other_account = SubmitJob {
        job_queue: "arn:aws:batch:eu-central-1:999999999999:job-queue/main".to_owned(),
        ..program("a")
    };
    assert!(world.refused(&other_account).contains("not found"));
    let by_arn = SubmitJob {
        job_queue: "arn:aws:batch:eu-central-1:123456789012:job-queue/main".to_owned(),
        ..program("a")
    };
    world.submit(&by_arn);
    world.set_queue("main", JobQueueState::Disabled);
    assert!(world.refused(&program("a")).contains("ENABLED"));
}

#[test]
fn fifty_a_second() {
    let mut world = World::new();
    for _ in 0..50 {
        world.submit(&program("a"));
    }
    let error = world
        .account
        .submit_job(&program("a"), world.now)
        .unwrap_err();
    assert_eq!(
        (error.status, error.code),
        (429, "TooManyRequestsException")
    );
    world.pass_secs(1);
    for _ in 0..50 {
        world.submit(&program("a"));
    }
    assert!(world.account.submit_job(&program("a"), world.now).is_err());
}

#[test]
fn overrides_that_are_too_long_are_accepted_and_fail() {
    let with_characters = |characters: usize| {
        let around = r#"{"environment":[{"name":"A","value":""}]}"#.len();
        with_attempts(3, with_variable("A", &"x".repeat(characters - around)))
    };
    let mut world = World::new();
    let good = world.submit(&with_characters(8192));
    let bad = world.submit(&with_characters(8193));
    assert_eq!(world.starts().len(), 1);
    assert_eq!(world.status(&good), JobStatus::Starting);
    let job = world.job(&bad);
    assert_eq!(job.status, JobStatus::Failed);
    let reason = "Container Overrides length must be at most 8192";
    assert_eq!(job.status_reason.as_deref(), Some(reason));
    assert!(job.attempts.is_empty() && job.started_at.is_none());
}

#[test]
fn more_than_fifty_combined_tags_fail_where_they_are_propagated() {
    let mut world = World::new();
    let definition = RegisterJobDefinition {
        tags: tags(1),
        ..RegisterJobDefinition::fargate("tagged", "image:1")
    };
    world
        .account
        .register_job_definition(&definition, world.now)
        .unwrap();
    let table = [(49, true, true), (50, true, false), (50, false, true)];
    for (count, propagate, expected) in table {
        let request = SubmitJob {
            propagate_tags: Some(propagate),
            job_definition: "tagged".to_owned(),
            ..tagged(tags(count))
        };
        let id = world.submit(&request);
        let started = world.status(&id) == JobStatus::Starting;
        assert_eq!(started, expected, "{count} {propagate}");
    }
}
