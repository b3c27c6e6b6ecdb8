//! `batchway doctor`: what is well is passed, each fault is found with its mend, and nothing is
//! changed.

mod account;
mod aws;
mod findings;
mod here;
mod redis;
mod silent_server;
