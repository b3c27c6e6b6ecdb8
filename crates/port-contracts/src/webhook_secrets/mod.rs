//! The duties of a store of webhook secrets.

mod fixture;
pub mod replacing;

pub use fixture::WebhookSecretsFixture;

/// Puts the duties of [`WebhookSecrets`](batchway_domain::ports::WebhookSecrets) on a store, one
/// test each. The argument gives a future of a [`WebhookSecretsFixture`] with an empty store.
///
/// `in one test: …` is that of [`job_store_contract!`](crate::job_store_contract).
#[macro_export]
macro_rules! webhook_secrets_contract {
    (in one test: $fixture:expr) => {
        $crate::webhook_secrets_contract!(@cases contract_in_one_test, $fixture);
    };
    ($fixture:expr) => {
        $crate::webhook_secrets_contract!(@cases contract_tests, $fixture);
    };
    (@cases $tests:ident, $fixture:expr) => {
        $crate::$tests! { $fixture =>
            webhook_secrets::replacing {
                a_user_begins_without_secrets,
                secrets_come_back_as_they_were_given,
                other_secrets_than_expected_stay,
                the_very_same_secrets_again_are_a_success,
                of_concurrent_calls_one_succeeds,
                users_have_secrets_of_their_own,
                acknowledged_secrets_are_there_again,
            }
        }
    };
}
