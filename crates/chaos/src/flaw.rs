//! What is wrong with the surroundings on purpose, to see that a run finds it.

use std::fs::{self, OpenOptions};
use std::path::Path;

use batchway_test_servers::RedisServer;

use crate::Outcome;

/// Something that no gateway can make up for: a run with it must find broken promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Copies of jobs at AWS Batch work without asking the gate.
    UngatedCopies,
    /// Redis loses the last that it had answered for when it dies.
    ForgetfulRedis,
    /// Redis loses deliveries of webhooks.
    LostDeliveries,
    /// A receiver says that it took what it did not keep.
    ForgetfulReceiver,
}

/// What a forgetful Redis loses at most, in bytes: a few jobs.
const FORGOTTEN: u64 = 20_000;

/// Cuts the end off the file that a Redis, which is down, keeps what it was told in.
pub(crate) fn forget_latest(folder: &Path) -> Outcome<()> {
    for entry in fs::read_dir(folder.join("appendonlydir"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".incr.aof") {
            let file = OpenOptions::new().write(true).open(&path)?;
            let length = file.metadata()?.len();
            file.set_len(length.saturating_sub(FORGOTTEN).max(length / 2))?;
        }
    }
    Ok(())
}

/// Takes all deliveries of webhooks out of a Redis, and whatever names them.
pub(crate) fn lose_deliveries(redis: &RedisServer) {
    for key in redis.cli(&["KEYS", "*:deliveries*"]).lines() {
        redis.cli(&["DEL", key]);
    }
}
