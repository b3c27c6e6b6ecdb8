//! Why the store is not opened.

use std::path::PathBuf;

use batchway_domain::ports::StoreError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why the store is not opened. Each says what to do; none shows a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL can't be read.
    #[error("the URL of Redis can't be read: {reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The namespace breaks its rule.
    #[error("the namespace {namespace:?} is not 1 to 32 lower-case letters, digits and -")]
    InvalidNamespace {
        /// What was given.
        namespace: String,
    },
    /// The file of certificate authorities can't be used.
    #[error("the certificate authorities in {path} can't be used: {reason}")]
    Authorities {
        /// The file, or what stands for the system's.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The server can't be reached, or refuses.
    #[error("no connection to Redis at {address}: {reason}")]
    NoConnection {
        /// Where it should be.
        address: String,
        /// What is wrong, and what to do.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
    /// The server is not fit to keep jobs.
    #[error("Redis at {address} can't keep jobs: {reason}")]
    Unfit {
        /// Which server.
        address: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The store was made by a gateway that divides it otherwise.
    #[error(
        "the store at {address} is divided into {found} shards and this gateway divides into \
         {expected}: use the gateway that made it, or another store"
    )]
    OtherShards {
        /// Which server.
        address: String,
        /// What the store says.
        found: String,
        /// What this gateway does.
        expected: usize,
    },
    /// The store failed while it was being opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}
