//! What goes wrong, where, and how often.

use std::time::Duration;

/// Where in a connection a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// When it was accepted, before the server is connected to.
    Connect,
    /// When the client begins to speak.
    Request,
    /// When the server begins to answer.
    Reply,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed in order, to both sides, after so many bytes of the turn have
    /// been passed on; at [`At::Connect`] at once. A turn that is shorter comes through whole.
    Close {
        /// Bytes that still come through.
        after: usize,
    },
    /// The same by RST, which throws away what the other side has not read yet.
    Reset {
        /// Bytes that still come through.
        after: usize,
    },
    /// The turn, or the connection, waits for so long before it goes on.
    Delay {
        /// At least so long.
        least: Duration,
        /// At most so long.
        most: Duration,
    },
    /// From here on, what this side says is read and thrown away, until the connection ends. At
    /// [`At::Connect`] that side is the server.
    Swallow,
    /// From here on, what this side says is not even read, and nothing is closed; at
    /// [`At::Connect`] the server is never connected to.
    Hang,
}

/// A fault, and when it happens: always, unless it is narrowed.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) at: At,
    pub(crate) fault: Fault,
    pub(crate) probability: f64,
    pub(crate) times: Option<u32>,
    pub(crate) request_has: Vec<u8>,
}

impl Rule {
    /// This fault, each time.
    #[must_use]
    pub fn new(at: At, fault: Fault) -> Self {
        Self {
            at,
            fault,
            probability: 1.0,
            times: None,
            request_has: Vec::new(),
        }
    }

    /// Only with this probability, from 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Only so many times. A cut of a reply that turns out to be shorter counts.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only for requests that contain this within the first 1024 bytes that came of them, and for
    /// the replies to such. Nothing is known of a request at [`At::Connect`].
    #[must_use]
    pub fn where_request_has(mut self, words: &str) -> Self {
        self.request_has = words.into();
        self
    }
}
