use aws_sdk_batch::types::builders::{JobDefinitionBuilder, JobQueueDetailBuilder};
use aws_sdk_batch::types::{ContainerProperties, EksProperties, ResourceRequirement};

use super::*;

const QUEUE: &str = "arn:aws:batch:eu-central-1:123456789012:job-queue/live2-job-queue";

fn queue() -> JobQueueDetailBuilder {
    JobQueueDetail::builder()
        .job_queue_name("live2-job-queue")
        .job_queue_arn(QUEUE)
        .state(JqState::Enabled)
        .status(JqStatus::Valid)
}

fn definition() -> JobDefinitionBuilder {
    JobDefinition::builder()
        .job_definition_name("live2-simulation")
        .revision(7)
        .status(ACTIVE)
        .container_properties(ContainerProperties::builder().image("image").build())
}

#[test]
fn a_queue_that_takes_no_jobs_says_why() {
    let table = [
        (None, "queue_missing"),
        (Some(queue().status(JqStatus::Deleting)), "queue_missing"),
        (Some(queue().status(JqStatus::Deleted)), "queue_missing"),
        (Some(queue().status(JqStatus::Invalid)), "queue_invalid"),
        (Some(queue().state(JqState::Disabled)), "queue_disabled"),
        (
            Some(queue().job_queue_type(JobQueueType::Eks)),
            "queue_unsupported",
        ),
        (
            Some(queue().job_queue_type(JobQueueType::SagemakerTraining)),
            "queue_unsupported",
        ),
    ];
    for (found, code) in table {
        let found = found.map(JobQueueDetailBuilder::build);
        let held = usable_queue("live2-job-queue", found.as_ref()).unwrap_err();
        assert_eq!(held.code, code, "{found:?}");
        assert!(held.message.contains("live2-job-queue"), "{held:?}");
    }
    let by_arn = usable_queue(QUEUE, None).unwrap_err();
    assert!(!by_arn.message.contains("123456789012"), "{by_arn:?}");
    for good in [
        queue(),
        queue().status(JqStatus::Updating),
        queue().status(JqStatus::Creating),
        queue().job_queue_type(JobQueueType::EcsFargate),
    ] {
        let arn = usable_queue("live2-job-queue", Some(&good.build())).unwrap();
        assert_eq!(arn.as_str(), QUEUE);
    }
}

#[test]
fn a_definition_that_can_not_be_run_says_why() {
    let of_eks = JobDefinition::builder()
        .status(ACTIVE)
        .eks_properties(EksProperties::builder().build());
    let table = [
        (None, "definition_missing"),
        (Some(definition().status("INACTIVE")), "definition_inactive"),
        (Some(of_eks), "definition_unsupported"),
    ];
    for (found, code) in table {
        let found = found.map(JobDefinitionBuilder::build);
        let held = usable_definition("live2-simulation", found.as_ref()).unwrap_err();
        assert_eq!(held.code, code);
        assert!(held.message.contains("live2-simulation"), "{held:?}");
    }
}

#[test]
fn a_definition_is_pinned_and_its_size_known() {
    let requirement = |kind, value: &str| {
        ResourceRequirement::builder()
            .r#type(kind)
            .value(value)
            .build()
    };
    let container = ContainerProperties::builder()
        .resource_requirements(requirement(ResourceType::Vcpu, "0.5"))
        .resource_requirements(requirement(ResourceType::Memory, "2048"))
        .build();
    let found = definition()
        .container_properties(container)
        .platform_capabilities(PlatformCapability::Fargate)
        .build();
    let facts = usable_definition("live2-simulation", Some(&found)).unwrap();
    assert_eq!(facts.name, "live2-simulation:7");
    assert!(facts.on_fargate);
    assert_eq!(facts.vcpus.as_deref(), Some("0.5"));
    assert_eq!(facts.memory_mib, Some(2048));
}

#[test]
fn every_sentence_fits_its_record() {
    let long = "q".repeat(40);
    let queues = [
        None,
        Some(queue().status(JqStatus::Invalid)),
        Some(queue().state(JqState::Disabled)),
        Some(queue().job_queue_type(JobQueueType::SagemakerTraining)),
    ];
    let of_queues = queues.map(|found| {
        let found = found.map(JobQueueDetailBuilder::build);
        usable_queue(&long, found.as_ref()).unwrap_err().message
    });
    let definitions = [
        None,
        Some(definition().status("INACTIVE")),
        Some(JobDefinition::builder().status(ACTIVE)),
    ];
    let of_definitions = definitions.map(|found| {
        let found = found.map(JobDefinitionBuilder::build);
        usable_definition(&long, found.as_ref())
            .unwrap_err()
            .message
    });
    for message in of_queues.into_iter().chain(of_definitions) {
        assert!(message.len() <= 256 && message.ends_with('.'), "{message}");
    }
}
