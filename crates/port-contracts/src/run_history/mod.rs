//! The duties of a history of runs. They are put on a store by
//! [`job_store_contract!`](crate::job_store_contract), as the history is part of it.

pub mod recent_runs;
