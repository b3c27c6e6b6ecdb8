//! The duties of a register of API keys.
