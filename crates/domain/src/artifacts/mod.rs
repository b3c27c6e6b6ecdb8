//! Where results lie and how they are described.

mod gate;
mod key;
mod layout;
mod manifest;

pub use gate::GateEntry;
pub use key::{ArtifactKey, InvalidArtifactKey};
pub use layout::JobFolder;
pub use manifest::{Manifest, ManifestObject, ProgramEnd};
