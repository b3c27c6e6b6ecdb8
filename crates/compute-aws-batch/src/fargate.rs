//! Which sizes Fargate has.
//!
//! It takes vCPUs and memory in fixed pairs only. AWS Batch accepts a job with another pair and
//! fails it later, so the pair is checked before a job is sent.
//! Source: AWS Batch API reference, `ResourceRequirement`.

/// Memory for a number of vCPUs, in MiB.
struct Size {
    vcpus: f64,
    memory: Memory,
}

enum Memory {
    OneOf(&'static [u64]),
    Range { from: u64, to: u64, step: u64 },
}

const SIZES: [Size; 7] = [
    Size {
        vcpus: 0.25,
        memory: Memory::OneOf(&[512, 1024, 2048]),
    },
    size(0.5, 1024, 4096, 1024),
    size(1.0, 2048, 8192, 1024),
    size(2.0, 4096, 16_384, 1024),
    size(4.0, 8192, 30_720, 1024),
    size(8.0, 16_384, 61_440, 4096),
    size(16.0, 32_768, 122_880, 8192),
];

const fn size(vcpus: f64, from: u64, to: u64, step: u64) -> Size {
    Size {
        vcpus,
        memory: Memory::Range { from, to, step },
    }
}

impl Memory {
    fn allows(&self, mib: u64) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&mib),
            Self::Range { from, to, step } => {
                (*from..=*to).contains(&mib) && (mib - from).is_multiple_of(*step)
            }
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(u64::to_string).collect();
                format!("{} MiB", values.join(", "))
            }
            Self::Range { from, to, step } => format!("{from} to {to} MiB in steps of {step}"),
        }
    }
}

/// Whether Fargate has this size.
///
/// # Errors
/// What would be allowed, as one sentence.
pub(crate) fn check(vcpus: &str, memory_mib: u64) -> Result<(), String> {
    let number: Option<f64> = vcpus.parse().ok();
    let Some(size) = SIZES.iter().find(|size| number == Some(size.vcpus)) else {
        let known: Vec<String> = SIZES.iter().map(|size| size.vcpus.to_string()).collect();
        return Err(format!(
            "Fargate has no size with {vcpus} vCPUs: it has {}.",
            known.join(", ")
        ));
    };
    if size.memory.allows(memory_mib) {
        return Ok(());
    }
    Err(format!(
        "Fargate has no size with {vcpus} vCPUs and {memory_mib} MiB: with {vcpus} vCPUs it takes {}.",
        size.memory.sentence()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_sizes() {
        let sizes: [(&str, &[u64], &[u64]); 9] = [
            ("0.25", &[512, 1024, 2048], &[0, 256, 1536, 3072]),
            ("0.5", &[1024, 2048, 3072, 4096], &[512, 1536, 5120]),
            ("1", &[2048, 5120, 8192], &[1024, 2049, 9216]),
            ("1.0", &[2048], &[1024]),
            ("2", &[4096, 9216, 16_384], &[3072, 17_408]),
            ("4", &[8192, 30_720], &[7168, 31_744]),
            ("8", &[16_384, 20_480, 61_440], &[17_408, 65_536]),
            ("16", &[32_768, 40_960, 122_880], &[36_864, 131_072]),
            ("16.0", &[122_880], &[]),
        ];
        for (vcpus, good, bad) in sizes {
            for memory in good {
                assert_eq!(check(vcpus, *memory), Ok(()), "{vcpus} {memory}");
            }
            for memory in bad {
                assert!(check(vcpus, *memory).is_err(), "{vcpus} {memory}");
            }
        }
    }

    #[test]
    fn a_refusal_says_what_is_allowed() {
        assert_eq!(
            check("0.25", 4096).unwrap_err(),
            "Fargate has no size with 0.25 vCPUs and 4096 MiB: with 0.25 vCPUs it takes 512, 1024, 2048 MiB."
        );
        assert_eq!(
            check("8", 1024).unwrap_err(),
            "Fargate has no size with 8 vCPUs and 1024 MiB: with 8 vCPUs it takes 16384 to 61440 MiB in steps of 4096."
        );
        for vcpus in ["3", "0", "-1", "NaN", "many", ""] {
            let said = check(vcpus, 2048).unwrap_err();
            assert!(
                said.ends_with("it has 0.25, 0.5, 1, 2, 4, 8, 16."),
                "{said}"
            );
        }
    }
}
