//! The duties of an event feed.

pub mod delivering;
mod fixture;
pub mod unreadable;

pub use fixture::{EventFeedFixture, Published};

/// Puts the duties of [`EventFeed`](batchway_domain::ports::EventFeed) on a feed, one test each.
/// The argument gives a future of an [`EventFeedFixture`] whose feed has no events.
#[macro_export]
macro_rules! event_feed_contract {
    ($fixture:expr) => {
        $crate::contract_tests! { $fixture =>
            event_feed::delivering {
                an_event_tells_which_job_has_changed,
                an_event_comes_again_until_it_is_settled,
                only_what_is_settled_stays_away,
                an_event_that_comes_twice_is_settled_twice,
                what_is_not_ours_names_no_job,
                at_most_ten_come_at_once,
                nothing_is_answered_within_a_minute,
                nothing_can_be_settled,
            }
            event_feed::unreadable {
                what_cant_be_read_hides_nothing,
                what_cant_be_read_is_put_aside,
            }
        }
    };
}
