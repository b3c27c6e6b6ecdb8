//! # What a configuration leads to
//!
//! A doctor for an installation: it looks at what a gateway will meet, and says of each thing
//! whether it is as it should be, why not, and the command or the policy statement that mends it.
//!
//! * A [`Check`] is data. What is looked at and what is thought of it are apart: each file under
//!   `aws/` asks, and then judges what was answered.
//! * Nothing is changed. Calls of AWS that would have an effect are simulated by IAM, or made so
//!   that AWS can only refuse them (see `aws/service_rights.rs`), or not made.
//! * What the service itself may not look at is [skipped](Verdict::Skipped), with the statement
//!   that would let it look. It is no fault of the configuration: jobs don't need it.
//! * Everything ends: each call has a limit, and all are under way at the same time.
//! * No secret is shown.
//!
//! [`rights`] is the table of what the gateway calls. Both the checks of rights and the policy
//! that is printed are made of it, and a test compares it with the template of `infra/aws`.
//!
//! The calls are signed by hand (`aws/signed.rs`): see `docs/adr/0030-the-doctor.md`.
#![warn(missing_docs)]

pub mod aws;
mod check;
mod disk;
mod egress;
mod report;
pub mod rights;

pub use check::{About, Check, Mend, Verdict};
pub use disk::room_on_disk;
pub use egress::way_out;
pub use report::Report;
