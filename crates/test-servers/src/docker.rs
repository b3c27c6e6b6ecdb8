//! A container engine, and the images that tests build on.

mod engine;
mod images;
mod own_engine;

pub use engine::DockerEngine;
pub(crate) use engine::host_for_later;
pub(crate) use own_engine::end as end_own_engine;
