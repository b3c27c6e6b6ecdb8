//! The table: what a job that waits for a reason waits for, by the code of the reason.
//!
//! In capitals the codes of AWS Batch, which flags the job at the head of a queue only; the code
//! is what stands before the first space of its `statusReason` (user guide, "Troubleshooting: jobs
//! stuck in RUNNABLE"). The others are the gateway's.

use super::commands::{CLOCK, DEFINITIONS, ENVIRONMENTS, QUEUES, QUOTAS, WHO};
use super::{By, Mend};

/// A code, what it means and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCode {
    /// The word.
    pub code: &'static str,
    /// One sentence.
    pub meaning: &'static str,
    /// What helps, the likeliest first: by whom, what, and a command where one helps.
    mends: &'static [(By, &'static str, Option<&'static str>)],
}

use By::{Nobody, Operator, Owner};

/// Every code that is known.
pub const WAITING_CODES: [KnownCode; 25] = [
    KnownCode {
        code: "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        meaning: "AWS has no machines of the compute environment's instance types now.",
        mends: &[
            (Nobody, "Wait: AWS Batch goes on trying by itself.", None),
            (
                Operator,
                "Allow the compute environment more instance types and zones, or add one with capacity on demand to the queue.",
                Some(ENVIRONMENTS),
            ),
        ],
    },
    KnownCode {
        code: "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        meaning: "The job asks for more vCPUs than the compute environment may have at all.",
        mends: &[(
            Operator,
            "Raise maxvCpus of the compute environment (aws batch update-compute-environment), or have the job type ask for less.",
            Some(ENVIRONMENTS),
        )],
    },
    KnownCode {
        code: "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        meaning: "The job asks for more vCPUs, memory or GPUs than any instance type of the compute environment has.",
        mends: &[(
            Operator,
            "Add larger instance types to the compute environment, or have the job type ask for less. Of an instance's memory some belongs to its agent, so that all of it is too much.",
            Some(
                "aws batch describe-compute-environments --query 'computeEnvironments[].[computeEnvironmentName,computeResources.instanceTypes]'",
            ),
        )],
    },
    KnownCode {
        code: "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
        meaning: "No machine can be started as the compute environment is configured.",
        mends: &[(
            Operator,
            "Correct the compute environment: its instance types, image and launch template don't fit together.",
            Some(
                "aws batch describe-compute-environments --query 'computeEnvironments[].[computeEnvironmentName,computeResources]'",
            ),
        )],
    },
    KnownCode {
        code: "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        meaning: "The service role of the compute environment lacks rights.",
        mends: &[(
            Operator,
            "Give the role AWSBatchServiceRole, or use the service-linked role AWSServiceRoleForBatch.",
            Some(
                "aws batch describe-compute-environments --query 'computeEnvironments[].[computeEnvironmentName,serviceRole]' --output table",
            ),
        )],
    },
    KnownCode {
        code: "ACTION_REQUIRED",
        meaning: "The compute environment is invalid.",
        mends: &[(
            Operator,
            "Mend what the status reason of the compute environment names: often a role, a subnet or a group is gone.",
            Some(ENVIRONMENTS),
        )],
    },
    KnownCode {
        code: "UNDETERMINED",
        meaning: "AWS Batch can't say why the first job of the queue does not start.",
        mends: &[
            (
                Operator,
                "Look at the compute environments, and at the way from their subnets to ECS and ECR.",
                Some(ENVIRONMENTS),
            ),
            (
                Operator,
                "Look at the account's quotas: a new account has 6 vCPUs of Fargate on demand.",
                Some(QUOTAS),
            ),
        ],
    },
    KnownCode {
        code: "unknown_status",
        meaning: "AWS Batch tells a status that this version of the gateway does not know.",
        mends: &[(Operator, "Upgrade the gateway.", None)],
    },
    KnownCode {
        code: "credentials",
        meaning: "The gateway's AWS credentials are missing or wrong, so it can send nothing.",
        mends: &[(
            Operator,
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role. What stands in .env needs a restart.",
            Some(WHO),
        )],
    },
    KnownCode {
        code: "expired_credentials",
        meaning: "The gateway's AWS credentials have expired, so it can send nothing.",
        mends: &[(
            Operator,
            "Renew them; use a role or a user's key rather than a session's.",
            Some(WHO),
        )],
    },
    KnownCode {
        code: "access_denied",
        meaning: "AWS does not let the gateway do what it needs for the job.",
        mends: &[(
            Operator,
            "Give its user or role the least policy, which the command prints. A right holds some seconds after it was given.",
            Some("batchway doctor --policy"),
        )],
    },
    KnownCode {
        code: "clock_skew",
        meaning: "AWS takes no request of the gateway, as its clock is wrong.",
        mends: &[(
            Operator,
            "Set the clock: timedatectl set-ntp true, or chronyc makestep at once.",
            Some(CLOCK),
        )],
    },
    KnownCode {
        code: "aws_error",
        meaning: "AWS refuses for a reason that the gateway does not know.",
        mends: &[(
            Operator,
            "Look for \"could not hand the job over\" in the gateway's log: the words of AWS stand before it.",
            Some("batchway doctor"),
        )],
    },
    KnownCode {
        code: "queue_missing",
        meaning: "There is no job queue of the name that the job type gives.",
        mends: &[(
            Operator,
            "Make it, or correct AWS_BATCH_JOB_QUEUE, AWS_REGION or the job type, and restart the gateway.",
            Some(QUEUES),
        )],
    },
    KnownCode {
        code: "queue_disabled",
        meaning: "The job queue is disabled and takes no jobs.",
        mends: &[(
            Operator,
            "Enable it: aws batch update-job-queue --job-queue NAME --state ENABLED.",
            Some(QUEUES),
        )],
    },
    KnownCode {
        code: "queue_invalid",
        meaning: "The job queue is invalid.",
        mends: &[(
            Operator,
            "Mend what its status reason names: mostly its compute environments are gone or broken.",
            Some(QUEUES),
        )],
    },
    KnownCode {
        code: "queue_unsupported",
        meaning: "The job queue is not one for containers on ECS or Fargate.",
        mends: &[(
            Operator,
            "Name another in AWS_BATCH_JOB_QUEUE or in the job type, and restart the gateway.",
            Some(QUEUES),
        )],
    },
    KnownCode {
        code: "queue_changed",
        meaning: "The job queue was made anew while the job was on its way.",
        mends: &[(Nobody, "Wait half a minute: it is tried again.", None)],
    },
    KnownCode {
        code: "definition_missing",
        meaning: "There is no job definition of the name that the job type gives.",
        mends: &[(
            Operator,
            "Register it, or correct AWS_BATCH_JOB_DEFINITION, AWS_REGION or the job type, and restart the gateway.",
            Some(DEFINITIONS),
        )],
    },
    KnownCode {
        code: "definition_inactive",
        meaning: "The job definition is no longer active.",
        mends: &[(Operator, "Register a new revision.", Some(DEFINITIONS))],
    },
    KnownCode {
        code: "definition_unsupported",
        meaning: "The job definition is not one of a single container on ECS or Fargate.",
        mends: &[(
            Operator,
            "Name another in AWS_BATCH_JOB_DEFINITION or in the job type, and restart the gateway.",
            Some(DEFINITIONS),
        )],
    },
    KnownCode {
        code: "job_type_invalid",
        meaning: "No container can have what the job type asks for.",
        mends: &[(
            Operator,
            "Correct vcpus and memory in the file of job types, and restart the gateway.",
            None,
        )],
    },
    KnownCode {
        code: "other_target",
        meaning: "The job was sent, or was to be, to another account or region than this gateway serves.",
        mends: &[
            (
                Operator,
                "Set AWS_REGION and the credentials as they were when it was sent.",
                Some(WHO),
            ),
            (Owner, "Cancel it, and submit it again.", None),
        ],
    },
    KnownCode {
        code: "other_host",
        meaning: "The job belongs to another machine than this gateway runs on.",
        mends: &[
            (
                Operator,
                "Start the gateway there, or bring its folder runs/ back; its name stands in runs/host.",
                None,
            ),
            (Owner, "Cancel it, and submit it again.", None),
        ],
    },
    KnownCode {
        code: "runner_missing",
        meaning: "The program batchway-runner, which starts jobs on this machine, is not there.",
        mends: &[(
            Operator,
            "Put batchway-runner of the same version beside batchway, and make it executable. The gateway looks again every 30 seconds.",
            None,
        )],
    },
];

impl KnownCode {
    /// The entry of a reason by its first word.
    pub fn of(reason: &str) -> Option<&'static Self> {
        let code = reason.split(' ').next().unwrap_or_default();
        WAITING_CODES.iter().find(|known| known.code == code)
    }

    /// What helps.
    pub fn mends(&self) -> Vec<Mend> {
        let mends = self.mends.iter();
        mends
            .map(|(by, advice, command)| Mend {
                by: *by,
                advice: (*advice).to_owned(),
                command: command.map(str::to_owned),
            })
            .collect()
    }
}

/// What helps where a job waits for this; of a code that is not known, whom its family leads to.
pub(super) fn mends_of(reason: &str) -> Vec<Mend> {
    if let Some(known) = KnownCode::of(reason) {
        return known.mends();
    }
    if reason.starts_with("CAPACITY:") {
        return vec![
            Mend::none_needed("Wait: AWS Batch goes on trying by itself."),
            Mend::by_operator("Give the compute environment more to choose from.")
                .command(ENVIRONMENTS),
        ];
    }
    if reason.starts_with("MISCONFIGURATION:") {
        let advice = "Correct what the code names in the queue's compute environments.";
        return vec![Mend::by_operator(advice).command(ENVIRONMENTS)];
    }
    let advice = "Mend what the message names; batchway doctor looks at all that is configured.";
    vec![Mend::by_operator(advice).command("batchway doctor")]
}
