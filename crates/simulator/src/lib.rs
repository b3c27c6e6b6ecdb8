//! # The simulator
//!
//! Several replicas of the gateway (the real `batchway-application`), over a store, an artifact
//! store, an AWS Batch, an event feed, clocks and a network that are all simulated, and fail in
//! every way that is known. One seed makes one history, the same each time. Nothing waits: time
//! jumps to where something happens next.
//!
//! * [`live`] lives through a history and says which promise was broken, if one was.
//! * [`Plant`] is a bug on purpose. A promise that no bug breaks proves nothing.
//!
//! What a history holds against the gateway stands in `truth` (at every step) and in `history`
//! (at its end); `docs/reliability.md` says it in words, with figures.
#![warn(missing_docs)]

mod account;
mod artifacts;
mod backend;
mod clients;
mod containers;
mod dice;
mod feed;
mod history;
mod network;
mod plan;
mod plants;
mod replica;
mod setting;
mod store;
mod truth;
mod weather;
mod world;

pub use history::{
    LOST_WITHIN, OWNED_WITHIN, RESOLVED_WITHIN, RESOLVED_WITHOUT_GATE_WITHIN, Verdict, live,
};
pub use plants::Plant;
