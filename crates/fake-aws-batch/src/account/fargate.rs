//! Which sizes Fargate has.

use crate::wire::{ResourceRequirement, ResourceType};

/// vCPUs, and the MiB that go with them: first, last, step.
const SIZES: [(&str, u32, u32, u32); 7] = [
    ("0.25", 512, 2048, 512),
    ("0.5", 1024, 4096, 1024),
    ("1", 2048, 8192, 1024),
    ("2", 4096, 16384, 1024),
    ("4", 8192, 30720, 1024),
    ("8", 16384, 61440, 4096),
    ("16", 32768, 122_880, 8192),
];

/// Whether Fargate has a size of these requirements; the sentence says what is wrong.
pub(super) fn check(requirements: &[ResourceRequirement]) -> Result<(), String> {
    let of = |kind| {
        let found = requirements.iter().find(|one| one.kind == kind);
        found.map(|one| one.value.as_str())
    };
    if of(ResourceType::Gpu).is_some() {
        return Err("Fargate has no GPUs.".to_owned());
    }
    let (Some(vcpus), Some(memory)) = (of(ResourceType::Vcpu), of(ResourceType::Memory)) else {
        return Err("Fargate needs resource requirements of the types VCPU and MEMORY.".to_owned());
    };
    if is_size(vcpus, memory) {
        Ok(())
    } else {
        Err(format!(
            "Invalid combination of resource requirements for Fargate: VCPU {vcpus}, MEMORY {memory}."
        ))
    }
}

fn is_size(vcpus: &str, memory: &str) -> bool {
    let (Ok(vcpus), Ok(memory)) = (vcpus.parse::<f64>(), memory.parse::<u32>()) else {
        return false;
    };
    SIZES.iter().any(|(size, first, last, step)| {
        // The smallest one leaves 1,536 out.
        let is_gap = *size == "0.25" && memory == 1536;
        size.parse() == Ok(vcpus)
            && (*first..=*last).contains(&memory)
            && (memory - first).is_multiple_of(*step)
            && !is_gap
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let table = [
            ("0.25", "512", true),
            ("0.25", "1024", true),
            ("0.25", "1536", false),
            ("0.25", "2048", true),
            ("0.5", "512", false),
            ("0.50", "4096", true),
            ("1", "2048", true),
            ("1.0", "8192", true),
            ("1", "2049", false),
            ("2", "16384", true),
            ("4", "30720", true),
            ("4", "31744", false),
            ("8", "16384", true),
            ("8", "17408", false),
            ("16", "122880", true),
            ("3", "8192", false),
            ("1", "much", false),
        ];
        for (vcpus, memory, expected) in table {
            let requirements = [
                ResourceRequirement::vcpu(vcpus),
                ResourceRequirement::memory(memory),
            ];
            assert_eq!(check(&requirements).is_ok(), expected, "{vcpus} {memory}");
        }
    }
}
