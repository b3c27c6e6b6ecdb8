//! Job definitions.

use super::*;
use crate::wire::{
    ContainerOverrides, DefinitionStatus, DeregisterJobDefinition, DescribeJobDefinitions,
    KeyValuePair, ResourceRequirement,
};

fn register(world: &mut World, name: &str, image: &str) -> String {
    let definition = RegisterJobDefinition::fargate(name, image);
    let registered = world
        .account
        .register_job_definition(&definition, world.now);
    registered.unwrap().job_definition_arn.to_string()
}

fn deregister(world: &mut World, definition: &str) {
    let request = DeregisterJobDefinition {
        job_definition: definition.to_owned(),
    };
    world
        .account
        .deregister_job_definition(&request, world.now)
        .unwrap();
}

fn of(definition: &str) -> SubmitJob {
    SubmitJob {
        job_definition: definition.to_owned(),
        ..program("a")
    }
}

#[test]
fn unpinned_means_the_newest_active_one_at_that_moment() {
    let mut world = World::new();
    let first = register(&mut world, "d", "image:1");
    let second = register(&mut world, "d", "image:2");
    assert!(
        first.ends_with(":job-definition/d:1") && second.ends_with("/d:2"),
        "{first} {second}"
    );
    let of_second = world.submit(&of("d"));
    let of_first = world.submit(&of("d:1"));
    let by_arn = world.submit(&of(&first));
    let unpinned_arn = world.submit(&of(
        "arn:aws:batch:eu-central-1:123456789012:job-definition/d",
    ));
    deregister(&mut world, "d:2");
    let after = world.submit(&of("d"));
    register(&mut world, "d", "image:3");
    let table = [
        (of_second, "d:2", "image:2"),
        (of_first, "d:1", "image:1"),
        (by_arn, "d:1", "image:1"),
        (unpinned_arn, "d:2", "image:2"),
        (after, "d:1", "image:1"),
    ];
    for (id, revision, image) in table {
        let job = world.job(&id);
        assert!(
            job.job_definition.ends_with(&format!("/{revision}")),
            "{}",
            job.job_definition
        );
        assert_eq!(&*job.container.image, image);
    }
    let third = world.submit(&of("d"));
    assert!(
        world.job(&third).job_definition.ends_with("/d:3"),
        "numbers are not given twice"
    );
}

#[test]
fn unknown_and_inactive_ones_are_refused() {
    let mut world = World::new();
    register(&mut world, "d", "image:1");
    deregister(&mut world, "d:1");
    for definition in ["d", "d:1", "d:7", "other", "d:one"] {
        let message = world.refused(&of(definition));
        assert!(
            message.contains("does not exist or is not in ACTIVE status"),
            "{message}"
        );
    }
    let nothing = DeregisterJobDefinition {
        job_definition: "d".to_owned(),
    };
    assert!(
        world
            .account
            .deregister_job_definition(&nothing, world.now)
            .is_err()
    );
}

#[test]
fn what_a_request_overrides() {
    let mut world = World::new();
    let mut definition = RegisterJobDefinition::fargate("d", "image:1");
    definition.parameters = [("input", "default"), ("mode", "fast")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let container = &mut definition.container_properties;
    container.command = ["run", "Ref::input", "Ref::mode", "Ref::missing"]
        .map(str::to_owned)
        .into();
    container.environment = vec![KeyValuePair::new("A", "1"), KeyValuePair::new("B", "1")];
    container.job_role_arn = Some("arn:aws:iam::1:role/job".to_owned());
    world
        .account
        .register_job_definition(&definition, world.now)
        .unwrap();
    let request = SubmitJob {
        parameters: [("input".to_owned(), "given".to_owned())].into(),
        container_overrides: Some(ContainerOverrides {
            environment: vec![KeyValuePair::new("B", "2"), KeyValuePair::new("C", "2")],
            resource_requirements: vec![ResourceRequirement::memory("4096")],
            ..ContainerOverrides::default()
        }),
        ..of("d")
    };
    let id = world.submit(&request);
    let container = world.job(&id).container;
    assert_eq!(*container.command, ["run", "given", "fast", "Ref::missing"]);
    let expected = [("A", "1"), ("B", "2"), ("C", "2")].map(|(n, v)| KeyValuePair::new(n, v));
    assert_eq!(*container.environment, expected);
    let expected = [
        ResourceRequirement::vcpu("1"),
        ResourceRequirement::memory("4096"),
    ];
    assert_eq!(*container.resource_requirements, expected);
    assert_eq!(
        container.job_role_arn.as_deref(),
        Some("arn:aws:iam::1:role/job")
    );
}

#[test]
fn outdated_overrides_move_only_outdated_definitions() {
    let mut world = World::new();
    let mut definition = RegisterJobDefinition::ec2("old", "image:1");
    definition
        .container_properties
        .resource_requirements
        .clear();
    definition.container_properties.vcpus = Some(1);
    definition.container_properties.memory = Some(512);
    world
        .account
        .register_job_definition(&definition, world.now)
        .unwrap();
    let asking = |definition: &str| SubmitJob {
        container_overrides: Some(ContainerOverrides {
            vcpus: Some(4),
            memory: Some(8192),
            ..ContainerOverrides::default()
        }),
        ..of(definition)
    };
    let old = world.submit(&asking("old"));
    let container = world.job(&old).container;
    assert_eq!((container.vcpus, container.memory), (Some(4), Some(8192)));
    let new = world.submit(&asking("machine"));
    let container = world.job(&new).container;
    assert_eq!((container.vcpus, container.memory), (None, None));
    assert_eq!(
        container.resource_requirements[1],
        ResourceRequirement::memory("2048")
    );
}

#[test]
fn what_can_be_registered() {
    let valid = || RegisterJobDefinition::fargate("d", "image:1");
    type Spoil = fn(&mut RegisterJobDefinition);
    let table: [(&str, Spoil); 8] = [
        ("a name", |d| d.job_definition_name = "a b".to_owned()),
        ("a type", |d| d.kind = "multinode".to_owned()),
        ("an image", |d| d.container_properties.image.clear()),
        ("resources", |d| {
            d.container_properties.resource_requirements.clear()
        }),
        ("a size", |d| {
            d.container_properties.resource_requirements[1] = ResourceRequirement::memory("100");
        }),
        ("a role", |d| {
            d.container_properties.execution_role_arn = None
        }),
        ("the environment", |d| {
            d.container_properties.environment = vec![KeyValuePair::new("AWS_BATCH_X", "")];
        }),
        ("the command", |d| {
            d.container_properties.command = vec![String::new()]
        }),
    ];
    let mut world = World::new();
    assert!(
        world
            .account
            .register_job_definition(&valid(), world.now)
            .is_ok()
    );
    for (what, spoil) in table {
        let mut definition = valid();
        spoil(&mut definition);
        assert!(
            world
                .account
                .register_job_definition(&definition, world.now)
                .is_err(),
            "{what}"
        );
    }
}

#[test]
fn definitions_are_described_by_name_revision_and_status() {
    let mut world = World::new();
    register(&mut world, "d", "image:1");
    let second = register(&mut world, "d", "image:2");
    deregister(&mut world, "d:1");
    let mut describe = |request: DescribeJobDefinitions| {
        let found = world
            .account
            .describe_job_definitions(&request, world.now)
            .unwrap();
        let found = found.job_definitions.iter();
        found
            .map(|one| (one.revision, one.status))
            .collect::<Vec<_>>()
    };
    let by_name = || DescribeJobDefinitions {
        job_definition_name: Some("d".to_owned()),
        ..DescribeJobDefinitions::default()
    };
    use DefinitionStatus::{Active, Inactive};
    assert_eq!(describe(by_name()), [(2, Active), (1, Inactive)]);
    let active = DescribeJobDefinitions {
        status: Some(Active),
        ..by_name()
    };
    assert_eq!(describe(active), [(2, Active)]);
    let asked = DescribeJobDefinitions {
        job_definitions: vec!["d:1".to_owned(), second, "nothing".to_owned()],
        ..DescribeJobDefinitions::default()
    };
    assert_eq!(describe(asked), [(2, Active), (1, Inactive)]);
    assert_eq!(describe(DescribeJobDefinitions::default()).len(), 4);
}
