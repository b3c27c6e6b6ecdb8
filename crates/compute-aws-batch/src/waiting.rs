//! Why a job waits, in AWS Batch's own codes.
//!
//! Batch flags the job at the head of a queue only: the code is the first word of its
//! `statusReason`. Source: AWS Batch user guide, "Troubleshooting: jobs stuck in RUNNABLE".

use batchway_domain::job::WaitingReason;

use crate::accounts::without_accounts;

/// Code, and what it means and how it is mended.
const KNOWN: [(&str, &str); 7] = [
    (
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "AWS has no capacity for the instance types of the compute environment now; it tries again by itself, and more types or zones would help.",
    ),
    (
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "The job asks for more vCPUs than the compute environment may have at all; raise its maxvCpus, or ask for less.",
    ),
    (
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "The job asks for more vCPUs, memory or GPUs than any instance type of the compute environment has; add larger types, or ask for less.",
    ),
    (
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
        "No instance can be started as the compute environment is configured; check its instance types, image and launch template.",
    ),
    (
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        "The service role of the compute environment lacks rights; give it AWSBatchServiceRole, or use the service-linked role.",
    ),
    (
        "ACTION_REQUIRED",
        "The compute environment is invalid; its status reason in the AWS console says what to mend.",
    ),
    (
        "UNDETERMINED",
        "AWS Batch can't say why the job at the head of the queue does not start; look at the compute environment, its quotas and its route to ECS.",
    ),
];

/// Families of codes, of which AWS may add more.
const FAMILIES: [&str; 2] = ["CAPACITY:", "MISCONFIGURATION:"];

/// The code of a job whose status this version does not know.
pub(crate) const UNKNOWN_STATUS: &str = "unknown_status";

/// What the `statusReason` of a job that waits says about it; `None` where it says nothing of why.
pub(crate) fn reason(status_reason: &str) -> Option<WaitingReason> {
    let (code, rest) = status_reason.split_once(' ').unwrap_or((status_reason, ""));
    let known = KNOWN.iter().find(|(known, _)| *known == code);
    let message = match known {
        Some((_, sentence)) => (*sentence).to_owned(),
        None if FAMILIES.iter().any(|family| code.starts_with(family)) => {
            let said = without_accounts(rest.trim_start_matches(['-', ' ']));
            format!("AWS Batch says: {said}")
        }
        None => return None,
    };
    Some(WaitingReason {
        code: code.to_owned(),
        message,
    })
}

/// A status that AWS Batch did not have when this was written.
pub(crate) fn unknown_status(status: &str) -> WaitingReason {
    WaitingReason {
        code: UNKNOWN_STATUS.to_owned(),
        message: format!(
            "AWS Batch says that the job is {status}, which this version of the gateway does not know."
        ),
    }
}

#[cfg(test)]
mod tests {
    use batchway_domain::diagnosis::KnownCode;

    use super::*;

    #[test]
    fn every_code_can_be_explained() {
        let ours = [UNKNOWN_STATUS];
        for code in KNOWN.iter().map(|(code, _)| *code).chain(ours) {
            assert!(KnownCode::of(code).is_some(), "{code}");
        }
    }

    #[test]
    fn the_first_word_is_the_code() {
        for (code, sentence) in KNOWN {
            for text in [code.to_owned(), format!("{code} - Service reason: more.")] {
                let said = reason(&text).unwrap();
                assert_eq!(
                    (said.code.as_str(), said.message.as_str()),
                    (code, sentence)
                );
            }
            assert_eq!(
                reason(&format!("{code}_AND_MORE")).is_some(),
                code.contains(':')
            );
        }
    }

    #[test]
    fn every_sentence_fits_its_record() {
        for (code, sentence) in KNOWN {
            let said = reason(code).unwrap();
            assert!(said.code.len() <= WaitingReason::MAX_CODE_BYTES, "{code}");
            assert!(
                sentence.len() <= WaitingReason::MAX_MESSAGE_BYTES,
                "{sentence}"
            );
            assert!(
                sentence.ends_with('.') && sentence.contains(';'),
                "{sentence}"
            );
        }
    }

    #[test]
    fn new_codes_of_known_families_are_told_in_the_words_of_batch() {
        let said = reason("MISCONFIGURATION:SOMETHING_NEW - Mend it.").unwrap();
        assert_eq!(said.code, "MISCONFIGURATION:SOMETHING_NEW");
        assert_eq!(said.message, "AWS Batch says: Mend it.");
    }

    #[test]
    fn other_texts_say_nothing_of_waiting() {
        for text in [
            "",
            "Job submitted",
            "Host EC2 (instance i-0abc) terminated.",
        ] {
            assert_eq!(reason(text), None, "{text}");
        }
    }
}
