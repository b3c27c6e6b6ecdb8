//! A container engine, and the images that tests build on.

mod engine;
mod images;

pub use engine::DockerEngine;
pub(crate) use engine::{end_own_engine, host_for_later};
