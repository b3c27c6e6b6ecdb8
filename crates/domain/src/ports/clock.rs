use crate::Timestamp;

/// Tells the time of day.
///
/// It refuses to measure durations: clocks are set, and step back. What must not be fooled by
/// that uses its runtime's monotonic time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}
