use std::time::Duration;

/// What an attempt may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole attempt, up to the head of the answer (15 s).
    pub attempt: Duration,
    /// Looking up a name (5 s).
    pub lookup: Duration,
    /// Connecting, to whichever of the addresses (5 s).
    pub connect: Duration,
    /// How long one address is waited for before the next is tried beside it (250 ms, as
    /// RFC 8305 recommends).
    pub next_address: Duration,
    /// The head of the answer, in bytes (16 KiB; 8 KiB is the least).
    pub head: usize,
    /// The whole answer, in bytes, with all its informational ones (32 KiB).
    pub answer: u64,
    /// How long the body of the answer is read, only to be thrown away (1 s): a receiver may be
    /// troubled by a connection that ends while it still writes.
    pub body: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(15),
            lookup: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            next_address: Duration::from_millis(250),
            head: 16 * 1024,
            answer: 32 * 1024,
            body: Duration::from_secs(1),
        }
    }
}
