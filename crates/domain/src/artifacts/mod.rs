//! Where results lie and how they are described.

mod archived_log;
mod gate;
mod key;
mod layout;
mod manifest;

pub use archived_log::{ArchivedEntry, ArchivedLogReader, LOG_HEADER, LeftOut, LogFormat};
pub use gate::GateEntry;
pub use key::{ArtifactKey, InvalidArtifactKey};
pub use layout::JobFolder;
pub use manifest::{Manifest, ManifestObject, ProgramEnd};
