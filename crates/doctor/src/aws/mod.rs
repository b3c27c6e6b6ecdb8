//! What an installation needs of AWS.
//!
//! [`examine`] asks all at the same time, each group in a file of its own, and judges what was
//! answered.

mod bucket;
mod call;
mod compute_environment;
mod definition;
mod events;
mod identity;
mod image;
mod job_queue;
mod job_role;
mod log_group;
mod service_rights;
mod signed;
mod simulation;
mod xml;

#[cfg(test)]
mod fake;

use std::collections::BTreeSet;
use std::time::Duration;

use batchway_domain::ports::Clock;
use futures_util::future::join_all;

pub use call::{AwsServices, Call, Reply, Service, Unreached};
pub use signed::SignedCalls;

use crate::check::Check;
use crate::rights::{Names, partition_of};

/// What of AWS is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// Such as `eu-central-1`.
    pub region: String,
    /// What jobs are sent to, each pair once.
    pub targets: Vec<Target>,
    /// Bucket of the artifacts.
    pub bucket: Option<String>,
    /// `ENV`, the first part of the keys of all artifacts.
    pub environment: String,
    /// How long jobs are shown.
    pub retention: Duration,
    /// URL of the SQS queue with the events of AWS Batch.
    pub events_queue_url: Option<String>,
}

/// A job queue, a definition, and the most that a job of them asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Name or ARN.
    pub queue: String,
    /// Name or ARN, with or without a revision.
    pub definition: String,
    /// vCPUs as a decimal number; `None`: as the definition says.
    pub vcpus: Option<String>,
    /// Which job types are sent there.
    pub job_types: Vec<String>,
}

impl Configured {
    /// What ARNs are made of. Groups of logs are added where definitions are known.
    fn names(&self, account: Option<String>) -> Names {
        let of = |part: fn(&Target) -> &String| self.targets.iter().map(part).cloned().collect();
        Names {
            account,
            queues: of(|target| &target.queue),
            definitions: of(|target| &target.definition),
            log_groups: BTreeSet::new(),
            bucket: self.bucket.clone(),
            environment: self.environment.clone(),
            events_queue: self
                .events_queue_url
                .as_deref()
                .map(|url| events::arn(url, partition_of(&self.region), &self.region)),
            region: self.region.clone(),
        }
    }
}

/// Looks at all that is configured.
pub async fn examine(
    aws: &dyn AwsServices,
    clock: &dyn Clock,
    configured: &Configured,
) -> Vec<Check> {
    let (mut checks, known) = identity::examine(aws, clock, configured).await;
    let identity = match known {
        identity::Known::Caller(identity) => Some(identity),
        identity::Known::Nobody => None,
        identity::Known::CredentialsAreOf(no_use) => {
            checks.push(no_use);
            return checks;
        }
    };
    let account = identity.as_ref().map(|caller| caller.account.clone());
    let names = configured.names(account);
    let queues = names.queues.iter().map(|queue| {
        let targets = configured.targets.iter();
        let targets: Vec<_> = targets.filter(|target| target.queue == *queue).collect();
        job_queue::examine(aws, configured, queue.clone(), targets)
    });
    let definitions = names
        .definitions
        .iter()
        .map(|definition| definition::look(aws, definition));
    let (queues, definitions, bucket, events) = tokio::join!(
        join_all(queues),
        join_all(definitions),
        bucket::examine(aws, configured),
        events::examine(aws, configured),
    );
    checks.extend(queues.into_iter().flatten());
    let names = Names {
        log_groups: definitions
            .iter()
            .filter_map(|found| found.as_ref().ok()?.log_group())
            .collect(),
        ..names
    };
    let of_definitions = definitions.into_iter().zip(&names.definitions);
    let of_definitions = of_definitions
        .map(|(found, name)| definition::examine(aws, configured, &names, name, found));
    let (of_definitions, rights) = tokio::join!(
        join_all(of_definitions),
        service_rights::examine(aws, &names, identity.as_ref()),
    );
    checks.extend(of_definitions.into_iter().flatten());
    checks.extend(bucket);
    checks.extend(events);
    checks.extend(rights);
    checks
}

/// The names that a policy for this configuration needs, as far as AWS tells them. What it does
/// not tell is `*`.
pub async fn names(aws: &dyn AwsServices, configured: &Configured) -> Names {
    let names = configured.names(None);
    let definitions = names
        .definitions
        .iter()
        .map(|definition| definition::look(aws, definition));
    let (account, definitions) = tokio::join!(identity::account(aws), join_all(definitions));
    let groups = definitions
        .iter()
        .filter_map(|found| found.as_ref().ok()?.log_group());
    let mut log_groups: BTreeSet<String> = groups.collect();
    if log_groups.is_empty() && !names.definitions.is_empty() {
        log_groups.insert(definition::DEFAULT_LOG_GROUP.to_owned());
    }
    Names {
        log_groups,
        ..configured.names(account)
    }
}
