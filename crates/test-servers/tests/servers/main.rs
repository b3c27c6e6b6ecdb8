//! The servers themselves: each starts, answers, and leaves nothing behind.

mod moto;
mod redis;
