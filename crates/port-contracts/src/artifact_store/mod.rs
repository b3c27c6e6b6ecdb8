//! The duties of an artifact store.

mod content;
mod fixture;
pub mod objects;

pub use fixture::{ArtifactStoreCapabilities, ArtifactStoreFixture, Fetched};

/// Puts the duties of [`ArtifactStore`](batchway_domain::ports::ArtifactStore) on a store, one
/// test each. The argument gives a future of an [`ArtifactStoreFixture`] with an empty store.
#[macro_export]
macro_rules! artifact_store_contract {
    ($fixture:expr) => {
        $crate::contract_tests! { $fixture =>
            artifact_store::objects {
                what_was_put_is_read,
                a_put_replaces_the_object,
                an_empty_object_is_there,
                what_is_not_there_is_not_found,
                the_etag_changes_with_the_content,
                a_removed_object_is_gone,
                a_large_object_is_streamed,
                the_store_is_well,
            }
        }
    };
}
