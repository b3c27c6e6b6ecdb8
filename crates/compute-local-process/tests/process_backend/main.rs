//! The process backend with real runners and real programs.

mod contract;
mod fixture;
