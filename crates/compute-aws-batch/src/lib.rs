//! # Jobs on AWS Batch
//!
//! [`AwsBatchBackend`] hands tries to a job queue of AWS Batch, says what became of them, stops
//! them, and reads their logs. It holds no state but a memory of queues and definitions a minute
//! long, so any number of replicas may have one.
//!
//! ## What AWS promises, what it doesn't, and what is done about it
//!
//! * *SubmitJob has no idempotency token*
//!   ([aws/containers-roadmap#2798](https://github.com/aws/containers-roadmap/issues/2798)), and
//!   the SDK by itself sends it up to three times on a dropped connection, a timeout or a 5xx.
//!   Here one call is one request, with a limit to its time. The name of a try is the same
//!   however often it is sent, and by it a copy is found.
//! * *Whether it was sent is known in three cases only*: the request was never handed to the HTTP
//!   client, no connection came about, or AWS answered with an error of its own below 500. All
//!   else is [unknown](batchway_domain::ports::SubmitError::Unknown): a timeout, a broken
//!   connection, a 5xx, a success that can't be read or has no id, an answer of whoever stands
//!   before AWS.
//! * *ClientException is one code for the job's faults and for ours.* A job is refused only where
//!   queue and definition were looked at and found in order; otherwise it waits, and its owner
//!   reads why.
//! * *An unpinned definition is whatever is newest at that moment*, so the newest active revision
//!   is found first and stays with the try.
//! * *Overrides over 8192 characters are accepted, and the job then fails.* So does a size that
//!   Fargate doesn't have. Both are checked before anything is sent.
//! * *ListJobs and DescribeJobs make no promise of consistency.* When an absence proves something
//!   is said by [`Settlement::AWS_BATCH`](batchway_domain::job::Settlement::AWS_BATCH). Of a job
//!   that is listed under our very name and not described yet, it is assumed that it is ours: to
//!   overlook it would run it twice.
//! * *Status is not monotonic*: an attempt that Batch repeats goes from RUNNING back to RUNNABLE.
//!   Attempts that have ended are told with their failures.
//! * *CancelJob does nothing once a job has started, and succeeds.* TerminateJob works in every
//!   state and is the only one used. That a job was stopped shows in `isCancelled` and
//!   `isTerminated`, or in the reason, which bears our mark. A stop by the queue's own
//!   `jobStateTimeLimitActions` is none.
//! * *Why a job failed* stands in two texts without a grammar and an exit code; the beginnings
//!   that were seen are a table. Batch itself repeats only what lost its machine, and only under
//!   our runner: everything else is counted by class, which the gateway alone can do.
//! * *Batch tells the first job of a queue alone why it waits*, and not of all reasons. Where
//!   somebody asks, queue and compute environments are looked at.
//! * *50 calls a second* for an account in a region, documented for SubmitJob alone. 40 are used,
//!   shared by all replicas through the call budget; the SDK repeats nothing that the budget
//!   would not know of.
//!
//! Sources: the AWS Batch API reference and user guide, the service model, and the sources of
//! aws-sdk-batch 1.138 and aws-smithy-runtime 1.16. `docs/adr/0014-aws-batch.md` has the
//! decisions.
#![warn(missing_docs)]

mod accounts;
mod backend;
mod call;
mod catalog;
mod classification;
mod clients;
mod description;
mod failure;
mod fargate;
mod log;
mod lookup;
mod obstacles;
mod overrides;
mod submission;
mod sweeping;
mod tags;
mod target;
mod waiting;

pub use backend::{AwsBatchBackend, AwsBatchConfig};
pub use clients::Timeouts;
