//! How long container overrides are as JSON, which is how ECS counts them.

use crate::wire::{ContainerOverrides, KeyValuePair, ResourceRequirement};

/// The most characters that ECS takes, those of the JSON itself included.
pub(super) const MAX_CHARACTERS: usize = 8192;

/// The characters of the compact JSON.
pub(super) fn characters(overrides: &ContainerOverrides) -> usize {
    let numbers = [("vcpus", overrides.vcpus), ("memory", overrides.memory)];
    let numbers = numbers
        .iter()
        .filter_map(|(key, value)| Some(member(key, value.as_ref()?.to_string().len())));
    let command = overrides.command.iter().map(|command| {
        let words = list(command.iter().map(|word| text(word)));
        member("command", words)
    });
    let instance_type = overrides
        .instance_type
        .iter()
        .map(|name| member("instanceType", text(name)));
    let environment = (!overrides.environment.is_empty()).then(|| {
        let variables = list(overrides.environment.iter().map(variable));
        member("environment", variables)
    });
    let requirements = (!overrides.resource_requirements.is_empty()).then(|| {
        let requirements = list(overrides.resource_requirements.iter().map(requirement));
        member("resourceRequirements", requirements)
    });
    // An object has as many brackets and commas as a list.
    list(
        numbers
            .chain(command)
            .chain(instance_type)
            .chain(environment)
            .chain(requirements),
    )
}

fn variable(variable: &KeyValuePair) -> usize {
    list([
        member("name", text(&variable.name)),
        member("value", text(&variable.value)),
    ])
}

fn requirement(requirement: &ResourceRequirement) -> usize {
    use crate::wire::ResourceType::{Gpu, Memory, Vcpu};
    let kind = match requirement.kind {
        Gpu => "GPU",
        Memory => "MEMORY",
        Vcpu => "VCPU",
    };
    list([
        member("type", text(kind)),
        member("value", text(&requirement.value)),
    ])
}

/// `"key":value`
fn member(key: &str, value: usize) -> usize {
    text(key) + 1 + value
}

/// `[a,b]`
fn list(items: impl IntoIterator<Item = usize>) -> usize {
    let (count, inner) = items
        .into_iter()
        .fold((0_usize, 0), |(count, sum), item| (count + 1, sum + item));
    2 + inner + count.saturating_sub(1)
}

/// `"text"`
fn text(text: &str) -> usize {
    let characters = text.chars().map(|character| match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        // AWS Batch is written in Java, whose characters are units of UTF-16.
        _ => character.len_utf16(),
    });
    2 + characters.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_long_as_the_json() {
        let overrides = ContainerOverrides {
            vcpus: Some(2),
            memory: Some(2048),
            command: Some(vec!["echo".to_owned(), "a \"b\"\n\\ é \u{1} 🧪".to_owned()]),
            instance_type: Some("c7i.large".to_owned()),
            environment: vec![KeyValuePair::new("A", ""), KeyValuePair::new("B", "b")],
            resource_requirements: vec![
                ResourceRequirement::vcpu("0.5"),
                ResourceRequirement::memory("1024"),
            ],
        };
        for overrides in [overrides, ContainerOverrides::default()] {
            let json = serde_json::to_string(&overrides).unwrap();
            assert_eq!(
                characters(&overrides),
                json.encode_utf16().count(),
                "{json}"
            );
        }
    }
}
