//! The duties of an artifact store.

mod content;
pub mod creation;
mod fixture;
pub mod interruption;
pub mod links;
pub mod listing;
pub mod names;
pub mod objects;
pub mod ranges;

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
            artifact_store::interruption {
                content_that_breaks_off_changes_nothing,
                content_that_breaks_off_makes_nothing,
                a_write_given_up_changes_nothing,
                of_concurrent_writes_one_is_there_whole,
                a_reader_gets_one_version,
                an_opened_object_is_read_to_its_end,
            }
            artifact_store::creation {
                the_first_create_wins,
                a_create_does_not_overwrite,
                an_empty_create_wins_too,
                after_a_removal_a_create_wins_again,
                of_concurrent_creates_exactly_one_wins,
                who_comes_second_can_read_the_first,
                what_was_created_is_seen,
            }
            artifact_store::ranges {
                a_range_gives_its_bytes,
                a_range_beyond_the_end_is_refused,
                an_empty_object_has_no_range,
                a_range_of_nothing_is_not_found,
                ranges_joined_are_the_whole,
            }
            artifact_store::listing {
                keys_come_in_the_order_of_their_bytes,
                a_list_holds_the_metadata,
                a_prefix_is_the_beginning_of_a_text,
                a_prefix_leads_nowhere_else,
                a_long_list_is_complete,
            }
            artifact_store::names {
                odd_names_mean_themselves,
                names_are_compared_byte_by_byte,
                the_longest_names_are_taken,
                a_key_goes_on_where_another_ends,
            }
            artifact_store::links {
                a_link_ends_no_later_than_asked,
                a_link_asks_for_no_object,
                odd_names_have_links_too,
                a_link_opens_until_its_end,
                a_changed_link_opens_nothing,
                an_attachment_is_saved_under_its_name,
            }
        }
    };
}
