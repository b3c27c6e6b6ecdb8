//! # The state changes of AWS Batch jobs, out of an SQS queue
//!
//! [`SqsEventFeed`] implements the port `EventFeed`. AWS Batch tells Amazon EventBridge of every
//! change of a job's state, and of a job that blocks its queue; a rule there puts these events
//! into a queue, with this pattern:
//!
//! ```json
//! {"source": ["aws.batch"], "detail-type": ["Batch Job State Change", "Batch Job Queue Blocked"]}
//! ```
//!
//! Nothing of an event is believed but which job it is about: see `event`. What bears no name of
//! ours is told without a job, to be deleted.
//!
//! **The queue** is a standard queue with a redrive policy. Events are delivered at least once and
//! in no order, by EventBridge and by SQS alike. A message is deleted when it was settled, and
//! otherwise comes again after the queue's visibility timeout; 60 seconds are enough for what is
//! done meanwhile. EventBridge needs `sqs:SendMessage` in the queue's policy, the gateway
//! `sqs:ReceiveMessage` and `sqs:DeleteMessage`, and `sqs:GetQueueAttributes` for
//! [`SqsEventFeed::check`].
//!
//! **What can't be read** is never deleted, nor is its visibility changed: it takes part in one
//! delivery per visibility timeout, hides nothing meanwhile, and after the `maxReceiveCount` of
//! the redrive policy SQS moves it to the dead-letter queue. Each delivery of it is logged with
//! the message's id, never with its body. Without a redrive policy it goes on until the queue's
//! retention is over, which [`SqsEventFeed::check`] tells. The same happens to an event that was
//! delivered so often and never settled, as while the job store is away: nothing is lost by it, as
//! events are hints and AWS Batch is asked all the same, but a `maxReceiveCount` of 10 or more
//! keeps such events out of what an operator has to look through.
//!
//! **Time.** One call waits up to 20 seconds for events and 30 for an answer, whatever the network
//! does. It is made once: the next call is the next try. Deletions are tried up to three times
//! within 30 seconds.
#![warn(missing_docs)]

mod connection;
mod event;
mod failure;
mod feed;
mod queue;
mod refusal;

pub use feed::{QueueWarning, SqsEventFeed};
pub use queue::InvalidQueueUrl;
