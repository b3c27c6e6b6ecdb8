//! Promises that can only be shown from inside; the ports' own are in `tests/contracts`.

mod bytes_per_job;
mod fixture;
mod idle_cost;
mod list_cost;
mod records;
