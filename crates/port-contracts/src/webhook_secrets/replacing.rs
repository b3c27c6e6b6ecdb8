//! Putting one user's secrets in place of others.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::UserName;
use batchway_domain::security::SigningSecrets;
use batchway_domain::webhooks::{SealedSecret, SealedSecrets, WebhookSecret};

use super::WebhookSecretsFixture;
use crate::concurrency::all_at_once;

/// A user has none until they are given, be it one with an API key or not.
pub async fn a_user_begins_without_secrets(fixture: &dyn WebhookSecretsFixture) {
    assert_eq!(load(fixture, "ada").await, None);
    assert!(replace(fixture, "ada", None, &secrets("ada", 1)).await);
    assert_eq!(load(fixture, "bob").await, None);
}

/// Secrets come back in every field, the first ones and those that take their place.
pub async fn secrets_come_back_as_they_were_given(fixture: &dyn WebhookSecretsFixture) {
    let first = secrets("ada", 1);
    assert!(replace(fixture, "ada", None, &first).await);
    assert_eq!(load(fixture, "ada").await.as_ref(), Some(&first));
    let until = fixture.now().plus(Duration::from_millis(86_400_001));
    for until in [until, Timestamp::MAX] {
        let present = load(fixture, "ada").await.expect("there are secrets");
        let rotated = present.rotated(secrets("ada", 2).current, until);
        assert!(replace(fixture, "ada", Some(&present), &rotated).await);
        assert_eq!(load(fixture, "ada").await, Some(rotated));
    }
}

/// Where others are there than the caller has seen, they stay.
pub async fn other_secrets_than_expected_stay(fixture: &dyn WebhookSecretsFixture) {
    let [first, second, third] = [1, 2, 3].map(|byte| secrets("ada", byte));
    assert!(!replace(fixture, "ada", Some(&first), &second).await);
    assert_eq!(load(fixture, "ada").await, None, "none are expected any");
    assert!(replace(fixture, "ada", None, &first).await);
    for expected in [None, Some(&second), Some(&third)] {
        assert!(!replace(fixture, "ada", expected, &third).await);
        assert_eq!(load(fixture, "ada").await.as_ref(), Some(&first));
    }
    // Differs from what is there in the time alone: the whole counts.
    let rotated = first.rotated(second.current.clone(), fixture.now());
    assert!(replace(fixture, "ada", Some(&first), &rotated).await);
    let alike = first.rotated(second.current, fixture.now().plus(Duration::from_millis(1)));
    assert!(!replace(fixture, "ada", Some(&alike), &third).await);
    assert_eq!(load(fixture, "ada").await, Some(rotated));
}

/// The very same again is a success: the first reply was lost.
pub async fn the_very_same_secrets_again_are_a_success(fixture: &dyn WebhookSecretsFixture) {
    let [first, second] = [1, 2].map(|byte| secrets("ada", byte));
    for _ in 0..3 {
        assert!(replace(fixture, "ada", None, &first).await);
    }
    for _ in 0..3 {
        assert!(replace(fixture, "ada", Some(&first), &second).await);
        assert_eq!(load(fixture, "ada").await.as_ref(), Some(&second));
    }
}

/// Of twenty who replace the same secrets at the same time one succeeds: the first ones, and
/// those after them.
pub async fn of_concurrent_calls_one_succeeds(fixture: &dyn WebhookSecretsFixture) {
    let mut present = None;
    for round in 0..2 {
        let calls: Vec<_> = (0..20)
            .map(|caller| {
                let (store, expected) = (fixture.webhook_secrets(), present.clone());
                let new = secrets("ada", 1 + 20 * round + caller);
                async move {
                    let done = store.replace(&user("ada"), expected.as_ref(), &new).await;
                    (done.expect("the store answers"), new)
                }
            })
            .collect();
        let answers = all_at_once(calls).await;
        let mut made: Vec<_> = answers.into_iter().filter(|(done, _)| *done).collect();
        assert_eq!(made.len(), 1, "round {round}");
        let (_, new) = made.remove(0);
        present = load(fixture, "ada").await;
        assert_eq!(present, Some(new));
    }
}

/// Nobody's secrets are another's, not where the names differ in case alone.
pub async fn users_have_secrets_of_their_own(fixture: &dyn WebhookSecretsFixture) {
    let names = ["ada", "Ada", "ada-", "bob"];
    for (byte, name) in (1..).zip(names) {
        assert!(replace(fixture, name, None, &secrets(name, byte)).await);
    }
    let [old, new] = [4, 9].map(|byte| secrets("bob", byte));
    assert!(replace(fixture, "bob", Some(&old), &new).await);
    for (byte, name) in [1, 2, 3, 9].into_iter().zip(names) {
        assert_eq!(load(fixture, name).await, Some(secrets(name, byte)));
    }
}

/// What was answered with success is there after the store is opened again. A store that does not
/// promise that has none.
pub async fn acknowledged_secrets_are_there_again(fixture: &dyn WebhookSecretsFixture) {
    let [first, second] = [1, 2].map(|byte| secrets("ada", byte));
    assert!(replace(fixture, "ada", None, &first).await);
    assert!(replace(fixture, "ada", Some(&first), &second).await);

    fixture.reopen().await;

    let kept = load(fixture, "ada").await;
    if fixture.capabilities().durable {
        assert_eq!(kept.as_ref(), Some(&second));
        assert!(replace(fixture, "ada", Some(&second), &first).await);
    } else {
        assert_eq!(kept, None);
    }
}

fn user(name: &str) -> UserName {
    name.parse().expect("a valid name")
}

/// Sealed secrets; another byte makes others.
fn secrets(name: &str, byte: u8) -> SealedSecrets {
    let gateway = SigningSecrets::new(vec![vec![7; SigningSecrets::MIN_BYTES]]);
    let secret = WebhookSecret::new([byte; WebhookSecret::BYTES]);
    let current = SealedSecret::seal(
        &secret,
        &user(name),
        &gateway.expect("a secret of full length"),
        [byte; SealedSecret::NONCE_BYTES],
    );
    SealedSecrets {
        current,
        former: None,
    }
}

async fn load(fixture: &dyn WebhookSecretsFixture, name: &str) -> Option<SealedSecrets> {
    let loaded = fixture.webhook_secrets().load(&user(name)).await;
    loaded.expect("the store is read")
}

async fn replace(
    fixture: &dyn WebhookSecretsFixture,
    name: &str,
    expected: Option<&SealedSecrets>,
    new: &SealedSecrets,
) -> bool {
    let store = fixture.webhook_secrets();
    let replaced = store.replace(&user(name), expected, new).await;
    replaced.expect("the store answers")
}
