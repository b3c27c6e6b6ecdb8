//! Promises that can only be shown from inside; the port's own are in `tests/contracts.rs`.

mod cost;
mod counters;
mod damage;
mod delivery_cost;
mod disk_full;
mod durability;
mod expiry;
mod fixture;
mod group_commit;
mod query_plans;
mod sharing;
mod upgrade;
