//! The duties of a history of runs.
