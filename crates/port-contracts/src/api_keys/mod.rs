//! The duties of a register of API keys. They are put on a store by
//! [`job_store_contract!`](crate::job_store_contract), as the register is part of it.

pub mod register;
