//! What goes wrong between a client and AWS Batch, as data.
//!
//! Whoever stands between them (a server, a simulated network) asks [`Faults::take`] at every
//! request and plays what it gets.

use std::fmt;

/// The operations of the API.
#[expect(
    missing_docs,
    reason = "the names are AWS's, and so is their documentation"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Operation {
    SubmitJob,
    DescribeJobs,
    ListJobs,
    CancelJob,
    CancelJobs,
    TerminateJob,
    TerminateJobs,
    GetJobQueueSnapshot,
    CreateJobQueue,
    UpdateJobQueue,
    DeleteJobQueue,
    DescribeJobQueues,
    RegisterJobDefinition,
    DeregisterJobDefinition,
    DescribeJobDefinitions,
    CreateComputeEnvironment,
    UpdateComputeEnvironment,
    DeleteComputeEnvironment,
    DescribeComputeEnvironments,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::SubmitJob,
        Self::DescribeJobs,
        Self::ListJobs,
        Self::CancelJob,
        Self::CancelJobs,
        Self::TerminateJob,
        Self::TerminateJobs,
        Self::GetJobQueueSnapshot,
        Self::CreateJobQueue,
        Self::UpdateJobQueue,
        Self::DeleteJobQueue,
        Self::DescribeJobQueues,
        Self::RegisterJobDefinition,
        Self::DeregisterJobDefinition,
        Self::DescribeJobDefinitions,
        Self::CreateComputeEnvironment,
        Self::UpdateComputeEnvironment,
        Self::DeleteComputeEnvironment,
        Self::DescribeComputeEnvironments,
    ];

    /// As AWS writes it; in lower case, the last part of its path `/v1/…`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubmitJob => "SubmitJob",
            Self::DescribeJobs => "DescribeJobs",
            Self::ListJobs => "ListJobs",
            Self::CancelJob => "CancelJob",
            Self::CancelJobs => "CancelJobs",
            Self::TerminateJob => "TerminateJob",
            Self::TerminateJobs => "TerminateJobs",
            Self::GetJobQueueSnapshot => "GetJobQueueSnapshot",
            Self::CreateJobQueue => "CreateJobQueue",
            Self::UpdateJobQueue => "UpdateJobQueue",
            Self::DeleteJobQueue => "DeleteJobQueue",
            Self::DescribeJobQueues => "DescribeJobQueues",
            Self::RegisterJobDefinition => "RegisterJobDefinition",
            Self::DeregisterJobDefinition => "DeregisterJobDefinition",
            Self::DescribeJobDefinitions => "DescribeJobDefinitions",
            Self::CreateComputeEnvironment => "CreateComputeEnvironment",
            Self::UpdateComputeEnvironment => "UpdateComputeEnvironment",
            Self::DeleteComputeEnvironment => "DeleteComputeEnvironment",
            Self::DescribeComputeEnvironments => "DescribeComputeEnvironments",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// Batch does it; the connection ends without an answer.
    LostReplyAfterAcceptance,
    /// Batch does it; a 200 begins, and is cut short within its body.
    CutReply,
    /// A 500 `ServerException`; Batch has done nothing.
    ServerErrorBefore,
    /// A 500 `ServerException`, although Batch has done it.
    ServerErrorAfter,
    /// Batch does it, and its answer comes so many milliseconds late.
    Delay(u64),
    /// A 429 `TooManyRequestsException`; Batch has done nothing.
    Throttle,
    /// A 403 `AccessDeniedException`; Batch has done nothing.
    AccessDenied,
    /// Batch does it; the answer is a 200 with `{}`.
    EmptyReply,
}

/// A fault, and when it strikes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultRule {
    /// At which operation, by AWS's name.
    pub operation: Operation,
    /// Only where the request names a job so; may end in `*`. SubmitJob names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// What goes wrong.
    pub fault: Fault,
    /// How often; once unless said otherwise.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

/// Rules in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    rules: Vec<FaultRule>,
}

impl Faults {
    /// No rules.
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// Behind those that are there. A rule for zero times does nothing.
    pub fn add(&mut self, rule: FaultRule) {
        if rule.times > 0 {
            self.rules.push(rule);
        }
    }

    /// The fault of the first rule that matches, used up by one.
    pub fn take(&mut self, operation: Operation, job_name: Option<&str>) -> Option<Fault> {
        let index = self
            .rules
            .iter()
            .position(|rule| rule.matches(operation, job_name))?;
        let rule = &mut self.rules[index];
        let fault = rule.fault;
        rule.times -= 1;
        if rule.times == 0 {
            self.rules.remove(index);
        }
        Some(fault)
    }

    /// What is left, in order.
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// Forgets what is left.
    pub fn clear(&mut self) {
        self.rules.clear();
    }
}

impl FaultRule {
    /// This fault at the next such request.
    pub fn once(operation: Operation, fault: Fault) -> Self {
        Self {
            operation,
            job_name: None,
            fault,
            times: 1,
        }
    }

    fn matches(&self, operation: Operation, job_name: Option<&str>) -> bool {
        self.operation == operation
            && match (&self.job_name, job_name) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(pattern), Some(name)) => match pattern.strip_suffix('*') {
                    Some(beginning) => name.starts_with(beginning),
                    None => name == pattern,
                },
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(operation: Operation, job_name: Option<&str>, fault: Fault, times: u32) -> FaultRule {
        FaultRule {
            operation,
            job_name: job_name.map(str::to_owned),
            fault,
            times,
        }
    }

    #[test]
    fn the_first_rule_that_matches_strikes_as_often_as_it_says() {
        let mut faults = Faults::new();
        faults.add(rule(Operation::SubmitJob, None, Fault::CutReply, 2));
        faults.add(FaultRule::once(Operation::SubmitJob, Fault::Throttle));
        faults.add(rule(Operation::SubmitJob, None, Fault::EmptyReply, 0));
        assert_eq!(faults.take(Operation::ListJobs, None), None);
        let struck: Vec<_> = (0..4)
            .map(|_| faults.take(Operation::SubmitJob, Some("a")))
            .collect();
        let expected = [Fault::CutReply, Fault::CutReply, Fault::Throttle].map(Some);
        assert_eq!(struck[..3], expected);
        assert_eq!(struck[3], None);
    }

    #[test]
    fn a_rule_can_be_for_some_names_only() {
        let table = [
            ("bw-1", Some("bw-1"), true),
            ("bw-1", Some("bw-12"), false),
            ("bw-*", Some("bw-12"), true),
            ("bw-*", Some("other"), false),
            ("*", None, false),
        ];
        for (pattern, name, expected) in table {
            let mut faults = Faults::new();
            let denied = rule(Operation::SubmitJob, Some(pattern), Fault::AccessDenied, 1);
            faults.add(denied);
            let struck = faults.take(Operation::SubmitJob, name).is_some();
            assert_eq!(struck, expected, "{pattern} {name:?}");
            assert_eq!(faults.rules().is_empty(), struck);
            faults.clear();
            assert!(faults.rules().is_empty());
        }
    }

    #[test]
    fn rules_are_written_with_the_names_of_aws() {
        let json = r#"{"operation":"SubmitJob","fault":"lostReplyAfterAcceptance"}"#;
        let read: FaultRule = serde_json::from_str(json).unwrap();
        let expected = FaultRule::once(Operation::SubmitJob, Fault::LostReplyAfterAcceptance);
        assert_eq!(read, expected);
        let json = r#"{"operation":"ListJobs","fault":{"delay":250},"times":3}"#;
        let read: FaultRule = serde_json::from_str(json).unwrap();
        assert_eq!(read, rule(Operation::ListJobs, None, Fault::Delay(250), 3));
        for operation in Operation::ALL {
            let json = serde_json::to_value(operation).unwrap();
            assert_eq!(json, operation.as_str());
        }
    }
}
