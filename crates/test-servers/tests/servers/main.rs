//! The servers themselves: each starts, answers, and leaves nothing behind.

mod by_hand;
mod cluster;
mod docker;
mod moto;
mod redis;
mod supabase;
