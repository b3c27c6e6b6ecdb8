//! # Artifacts in a folder
//!
//! [`FilesystemArtifactStore`] keeps each object as a file: the object `prod/u/job/a.svg` is
//! `objects/prod/u/job/a.svg` below the store's folder.
//!
//! * *Whole or not at all.* An object is written to a file in `partial/`, synced, and then takes
//!   its place by one rename (`put`) or one link (`create`). Files in place are never written to.
//! * *Never outside.* A key is walked part by part from an open folder, and no part is followed
//!   that is a symbolic link. What is opened is asked what it is before it is read.
//! * *No rubbish.* A partial file is removed when its writer gives up. It is locked while it is
//!   written, so what a killed writer left is recognised, and removed, by the next
//!   [`FilesystemArtifactStore::open`], while other processes go on writing theirs.
//! * *Durable.* File and folders are synced before a write answers.
//!
//! Where it differs from an object store: `a` and `a/b` can't both exist, as one name can't be a
//! file and a folder. The second of them is refused as forbidden, by name.
//!
//! Any number of processes may have the same folder open.
#![warn(missing_docs)]

mod failure;
mod folders;
mod listing;
mod object;
mod partial;
mod placing;
mod store;

pub use store::{FilesystemArtifactStore, OpenError};
