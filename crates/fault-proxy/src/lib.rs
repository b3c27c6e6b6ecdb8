//! # A TCP proxy that goes wrong when it is told to
//!
//! A [`FaultProxy`] listens on a free port of this machine and passes every connection on to
//! another server. [`Rule`]s say what goes wrong, where, how often and how many times:
//!
//! | fault | is |
//! |---|---|
//! | drop | [`Fault::Close`] at [`At::Connect`]: accepted, and closed at once |
//! | refuse | [`FaultProxy::refuse`]: nobody listens, until [`FaultProxy::listen_again`] |
//! | delay | [`Fault::Delay`], of a connection, of requests or of replies |
//! | cut | [`Fault::Close`] at [`At::Reply`]: closed in order after so many bytes |
//! | reset | [`Fault::Reset`]: the same by RST (`SO_LINGER` of 0) |
//! | swallow | [`Fault::Swallow`]: requests are passed on, and nothing comes back |
//! | hang | [`Fault::Hang`]: the connection stays open, and nothing moves any more |
//!
//! The proxy knows no protocol. What one side says until the other one speaks is a *turn*: on
//! HTTP/1.1 a request or a reply, on a connection that pipelines a part of the conversation. At
//! the beginning of a turn the rules are asked in their order, and the first that hits is done.
//! [`Rule::where_request_has`] narrows a rule to requests that contain some bytes near their
//! beginning, such as `POST /v1/submitjob `, and to the replies to them.
//!
//! Whether a rule with a probability hits is a pure function of the seed, the rule, the number of
//! the connection and the number of the turn: the same connections in the same order meet the
//! same faults.

#![warn(missing_docs)]

mod connection;
mod counters;
mod plan;
mod proxy;
mod rule;

pub use counters::Counters;
pub use plan::RuleId;
pub use proxy::FaultProxy;
pub use rule::{At, Fault, Rule};
