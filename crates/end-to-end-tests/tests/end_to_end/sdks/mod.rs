//! The SDKs, as they are installed: each lives through a whole job against a running gateway, and
//! the programs of its quickstart do what the page says.
//!
//! `cargo xtask test --only sdks` generates, packs and installs those of Python and TypeScript.

mod installed;
mod python;
mod rust;
mod typescript;
