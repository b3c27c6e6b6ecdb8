//! What the gateway calls at AWS, and the least policy that allows it.
//!
//! One table, of which both the checks and `batchway doctor --policy` are made. The statements
//! are those of `ServicePolicy` in `infra/aws/batchway.yaml`; a test compares the two.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// What a configuration names, as far as ARNs need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Such as `eu-central-1`.
    pub region: String,
    /// Twelve digits; `None` where AWS could not be asked.
    pub account: Option<String>,
    /// Names or ARNs of job queues.
    pub queues: BTreeSet<String>,
    /// Names or ARNs of job definitions, with or without a revision.
    pub definitions: BTreeSet<String>,
    /// Groups that the definitions write their logs to.
    pub log_groups: BTreeSet<String>,
    /// The bucket of the artifacts.
    pub bucket: Option<String>,
    /// `ENV`, the first part of the keys of all artifacts.
    pub environment: String,
    /// ARN of the SQS queue with the events of AWS Batch.
    pub events_queue: Option<String>,
}

/// Some actions that are allowed together, on the same things.
#[derive(Clone, Copy, Debug)]
pub struct Right {
    /// Name of the statement.
    pub sid: &'static str,
    /// Such as `batch:SubmitJob`.
    pub actions: &'static [&'static str],
    /// What can't be done without it.
    pub needed: &'static str,
    /// Whether jobs suffer without it.
    pub is_vital: bool,
    /// On which things.
    pub on: On,
}

/// What a right is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The job queues and all revisions of the job definitions.
    QueuesAndDefinitions,
    /// The same and jobs, for tags of ours.
    WhatIsTagged,
    /// Jobs that bear our tags.
    OwnJobs,
    /// AWS knows no resource for it.
    Anything,
    /// The log groups of the definitions.
    Logs,
    /// Objects below the environment's prefix.
    Objects,
    /// The bucket itself.
    Bucket,
    /// The queue with the events.
    Events,
}

/// The table.
pub const RIGHTS: [Right; 9] = [
    Right {
        sid: "Submit",
        actions: &["batch:SubmitJob"],
        needed: "no job is sent",
        is_vital: true,
        on: On::QueuesAndDefinitions,
    },
    Right {
        sid: "SubmitWithTags",
        actions: &["batch:TagResource"],
        needed: "no job is sent, as each is sent with tags",
        is_vital: true,
        on: On::WhatIsTagged,
    },
    Right {
        sid: "StopOwnJobs",
        actions: &["batch:TerminateJob"],
        needed: "a cancelled job runs on",
        is_vital: true,
        on: On::OwnJobs,
    },
    Right {
        sid: "Follow",
        actions: &[
            "batch:DescribeJobs",
            "batch:ListJobs",
            "batch:DescribeJobQueues",
            "batch:DescribeJobDefinitions",
        ],
        needed: "nothing is known of jobs that were sent",
        is_vital: true,
        on: On::Anything,
    },
    Right {
        sid: "WhyTheyWait",
        actions: &["batch:DescribeComputeEnvironments"],
        needed: "jobs run, and whoever asks why one waits learns less",
        is_vital: false,
        on: On::Anything,
    },
    Right {
        sid: "LastLines",
        actions: &["logs:GetLogEvents"],
        needed: "logs of jobs can't be shown or kept",
        is_vital: true,
        on: On::Logs,
    },
    Right {
        sid: "Objects",
        actions: &[
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
        needed: "results can't be read, or logs kept beside them",
        is_vital: true,
        on: On::Objects,
    },
    Right {
        sid: "WhatIsThere",
        actions: &["s3:ListBucket"],
        needed: "artifacts can't be listed, and what is missing looks forbidden",
        is_vital: true,
        on: On::Bucket,
    },
    Right {
        sid: "Events",
        actions: &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ],
        needed: "changes are seen later, by asking alone",
        is_vital: true,
        on: On::Events,
    },
];

/// What a job does with its objects, and needs a role for.
pub const OF_JOBS: [On; 2] = [On::Objects, On::Bucket];

impl Right {
    /// The ARNs that it is for; none where the configuration names no such thing.
    pub fn resources(&self, names: &Names) -> Vec<String> {
        match self.on {
            On::Anything if names.queues.is_empty() => vec![],
            On::Anything => vec!["*".to_owned()],
            On::QueuesAndDefinitions => names.queues_and_definitions(),
            On::WhatIsTagged if names.queues.is_empty() => vec![],
            On::WhatIsTagged => {
                let mut all = names.queues_and_definitions();
                all.push(names.arn("batch", "job/*"));
                all
            }
            On::OwnJobs if names.queues.is_empty() => vec![],
            On::OwnJobs => vec![names.arn("batch", "job/*")],
            On::Logs => {
                let group = |name: &String| names.arn("logs", &format!("log-group:{name}:*"));
                names.log_groups.iter().map(group).collect()
            }
            On::Objects => names
                .bucket_arn()
                .map(|bucket| format!("{bucket}/{}/*", names.environment))
                .into_iter()
                .collect(),
            On::Bucket => names.bucket_arn().into_iter().collect(),
            On::Events => names.events_queue.iter().cloned().collect(),
        }
    }

    /// As a statement of a policy; `None` where there is nothing that it is for.
    pub fn statement(&self, names: &Names) -> Option<Value> {
        let resources = self.resources(names);
        let mut statement = match &resources[..] {
            [] => return None,
            [one] => json!({"Resource": one}),
            several => json!({"Resource": several}),
        };
        statement["Sid"] = json!(self.sid);
        statement["Effect"] = json!("Allow");
        statement["Action"] = match self.actions {
            [one] => json!(one),
            several => json!(several),
        };
        match self.on {
            On::WhatIsTagged => {
                statement["Condition"] =
                    json!({"ForAllValues:StringLike": {"aws:TagKeys": "batchway:*"}});
            }
            On::OwnJobs => {
                statement["Condition"] =
                    json!({"Null": {"aws:ResourceTag/batchway:deployment": "false"}});
            }
            _ => {}
        }
        Some(statement)
    }
}

impl Names {
    /// Of a region that begins so.
    pub fn partition(&self) -> &'static str {
        partition_of(&self.region)
    }

    /// The least policy that the gateway needs.
    pub fn least_policy(&self) -> Value {
        let statements: Vec<Value> = RIGHTS
            .iter()
            .filter_map(|right| right.statement(self))
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// The ARN of something of this account and region, or what was named by one.
    fn arn(&self, service: &str, rest: &str) -> String {
        let account = self.account.as_deref().unwrap_or("*");
        format!(
            "arn:{}:{service}:{}:{account}:{rest}",
            self.partition(),
            self.region
        )
    }

    fn queues_and_definitions(&self) -> Vec<String> {
        let queues = self.queues.iter().map(|queue| match queue.as_str() {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name => self.arn("batch", &format!("job-queue/{name}")),
        });
        // Any revision: a new one is registered with each image.
        let definitions = self.definitions.iter().map(|definition| {
            let name = definition
                .rsplit_once("job-definition/")
                .map_or(definition.as_str(), |(_, name)| name);
            let name = name.split(':').next().unwrap_or_default();
            self.arn("batch", &format!("job-definition/{name}:*"))
        });
        let all: BTreeSet<String> = queues.chain(definitions).collect();
        all.into_iter().collect()
    }

    /// Where there is one.
    pub fn bucket_arn(&self) -> Option<String> {
        let bucket = self.bucket.as_ref()?;
        Some(format!("arn:{}:s3:::{bucket}", self.partition()))
    }
}

/// The first part of the ARNs of a region.
pub(crate) fn partition_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../infra/aws/batchway.yaml");

    fn names() -> Names {
        let set = |text: &str| BTreeSet::from([text.to_owned()]);
        Names {
            region: "eu-central-1".to_owned(),
            account: Some("123456789012".to_owned()),
            queues: set("live2-job-queue"),
            definitions: set("live2-simulation:7"),
            log_groups: set("/aws/batch/job"),
            bucket: Some("live2-artifacts".to_owned()),
            environment: "prod".to_owned(),
            events_queue: Some("arn:aws:sqs:eu-central-1:123456789012:live2-events".to_owned()),
        }
    }

    /// Statements of the template's policy by name, with their actions.
    fn of_the_template() -> Vec<(String, BTreeSet<String>)> {
        let policy = TEMPLATE.split("\n  ServicePolicy:\n").nth(1).unwrap();
        let policy = policy.split("\n  # ---").next().unwrap();
        policy
            .split("- Sid: ")
            .skip(1)
            .map(|statement| {
                let sid = statement.lines().next().unwrap().to_owned();
                let actions = statement.split("Resource:").next().unwrap();
                let is_of_action = |c: char| c.is_ascii_alphanumeric() || c == ':';
                let actions = actions
                    .split(|c| !is_of_action(c))
                    .filter(|word| {
                        let (service, action) = word.split_once(':').unwrap_or_default();
                        ["batch", "logs", "s3", "sqs"].contains(&service) && !action.is_empty()
                    })
                    .map(str::to_owned);
                (sid, actions.collect())
            })
            .collect()
    }

    #[test]
    fn it_is_the_policy_of_the_template() {
        let ours: Vec<(String, BTreeSet<String>)> = RIGHTS
            .iter()
            .map(|right| {
                let actions = right.actions.iter().map(|action| (*action).to_owned());
                (right.sid.to_owned(), actions.collect())
            })
            .collect();
        assert_eq!(ours, of_the_template());
        let conditions = |statement: &Value| !statement["Condition"].is_null();
        let policy = names().least_policy();
        let with_conditions = policy["Statement"].as_array().unwrap().iter();
        assert_eq!(with_conditions.filter(|one| conditions(one)).count(), 2);
        assert!(TEMPLATE.contains("ForAllValues:StringLike: {aws:TagKeys: 'batchway:*'}"));
        assert!(TEMPLATE.contains("'Null': {aws:ResourceTag/batchway:deployment: 'false'}"));
    }

    #[test]
    fn it_names_what_is_configured_and_nothing_else() {
        let policy = names().least_policy();
        let submit = &policy["Statement"][0];
        assert_eq!(
            submit["Resource"],
            json!([
                "arn:aws:batch:eu-central-1:123456789012:job-definition/live2-simulation:*",
                "arn:aws:batch:eu-central-1:123456789012:job-queue/live2-job-queue",
            ])
        );
        assert_eq!(
            policy["Statement"][6]["Resource"],
            "arn:aws:s3:::live2-artifacts/prod/*"
        );
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 9);
    }

    #[test]
    fn without_batch_only_the_bucket_is_left() {
        let policy = Names {
            queues: BTreeSet::new(),
            definitions: BTreeSet::new(),
            log_groups: BTreeSet::new(),
            events_queue: None,
            ..names()
        }
        .least_policy();
        let sids: Vec<&Value> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| &statement["Sid"])
            .collect();
        assert_eq!(sids, ["Objects", "WhatIsThere"]);
    }

    #[test]
    fn other_partitions_and_unknown_accounts() {
        let names = Names {
            region: "cn-north-1".to_owned(),
            account: None,
            ..names()
        };
        assert_eq!(
            RIGHTS[2].resources(&names),
            ["arn:aws-cn:batch:cn-north-1:*:job/*"]
        );
    }
}
