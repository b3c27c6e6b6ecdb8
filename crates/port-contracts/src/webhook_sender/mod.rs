//! The duties of whoever calls receivers of webhooks.

pub mod bounds;
pub mod delivering;
mod fixture;
pub mod guarding;

pub use fixture::{Behaviour, Place, WebhookSenderFixture};

/// Puts the duties of [`WebhookSender`](batchway_domain::ports::WebhookSender) on a sender, one
/// test each. The argument gives a future of a [`WebhookSenderFixture`] without receivers.
#[macro_export]
macro_rules! webhook_sender_contract {
    ($fixture:expr) => {
        $crate::contract_tests! { $fixture =>
            webhook_sender::delivering {
                what_is_sent_arrives_as_it_is,
                any_status_is_an_answer,
                when_to_ask_again_is_told,
                a_redirect_is_an_answer_and_not_followed,
                what_was_lost_is_not_sent_twice,
            }
            webhook_sender::guarding {
                nobody_inside_is_touched,
                a_name_is_judged_at_each_attempt,
                an_inside_address_beside_a_public_one_is_not_touched,
                nothing_is_told_of_the_inside,
            }
            webhook_sender::bounds {
                who_keeps_silent_is_not_waited_for_for_ever,
                an_answer_without_end_comes_to_one,
            }
        }
    };
}
