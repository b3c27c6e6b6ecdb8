//! # Webhooks over HTTP
//!
//! The port [`WebhookSender`](batchway_domain::ports::WebhookSender), for receivers that anyone
//! may name. One attempt goes through these steps, each in a file of its own:
//!
//! 1. The URL is judged once more, as at POST: what is stored may be older than the policy.
//! 2. Its name is looked up, and what is not permitted is dropped (`addresses.rs`).
//! 3. One of the rest is connected to, by its number (`connecting.rs`).
//! 4. TLS, for the name in the URL (`tls.rs`).
//! 5. One request and the head of its answer (`exchange.rs`), of which a bounded number of bytes is
//!    read (`bounded.rs`).
//!
//! There is no pool, no proxy, no redirect, no cookie and no second look-up: a connection can't be
//! made but to an address that was judged a moment ago. Why it is so is in
//! `docs/adr/0027-webhook-egress.md`.
#![warn(missing_docs)]

mod addresses;
mod bounded;
mod connecting;
mod exchange;
mod limits;
mod network;
mod reason;
mod retry_after;
mod sender;
mod tls;

pub use limits::Limits;
pub use network::{Network, SystemNetwork};
pub use sender::HttpWebhookSender;
pub use tls::UnreadableAuthority;
