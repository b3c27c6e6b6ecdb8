//! What is there under a prefix.

use batchway_domain::ports::ArtifactMetadata;

use super::ArtifactStoreFixture;
use super::content::{key, put};
use crate::concurrency::all_at_once;

/// Keys come in the order of their bytes, whatever the order of writing and of folders.
pub async fn keys_come_in_the_order_of_their_bytes(fixture: &dyn ArtifactStoreFixture) {
    let mut keys = [
        "b",
        "a!",
        "a/b/c",
        "a0",
        "a-b",
        "a/b.c",
        "A",
        "a/b-c",
        "\u{e9}",
        "a/\u{fffd}",
        "a/\u{10000}",
        "a/Z",
        "_",
        "~",
        "a.b/c",
        "a/b!/c",
    ];
    let store = fixture.store();
    for text in keys {
        put(&*store, &key(text), text).await;
    }
    keys.sort_unstable();
    let listed = store.list("").await.expect("the store is read");
    assert_eq!(texts(&listed), keys);
}

/// A list holds what metadata says of each object.
pub async fn a_list_holds_the_metadata(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let mut expected = Vec::new();
    for (name, content) in [("a", ""), ("b", "12"), ("c", "12345")] {
        expected.push(put(&*store, &key(name), content).await);
    }
    assert_eq!(store.list("").await.expect("the store is read"), expected);
}

/// A prefix is the beginning of a text, and need not end where a part of the key does.
pub async fn a_prefix_is_the_beginning_of_a_text(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let keys = [
        "prod/ada/job_1/plots/a.svg",
        "prod/ada/job_1/results.h5",
        "prod/ada/job_12/results.h5",
        "prod/adam/job_1/results.h5",
        "production/x",
    ];
    for text in keys {
        put(&*store, &key(text), "x").await;
    }
    let cases: [(&str, &[&str]); 11] = [
        ("", &keys),
        ("prod", &keys),
        ("prod/", &keys[..4]),
        ("prod/ada", &keys[..4]),
        ("prod/ada/", &keys[..3]),
        ("prod/ada/job_1", &keys[..3]),
        ("prod/ada/job_1/", &keys[..2]),
        ("prod/ada/job_1/p", &keys[..1]),
        ("prod/ada/job_1/results.h5", &keys[1..2]),
        ("prod/ada/job_1/results.h5/", &[]),
        ("PROD", &[]),
    ];
    for (prefix, expected) in cases {
        let listed = store.list(prefix).await.expect("the store is read");
        assert_eq!(texts(&listed), expected, "{prefix:?}");
    }
}

/// Prefixes that no key can begin with find nothing, and lead nowhere.
pub async fn a_prefix_leads_nowhere_else(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    put(&*store, &key("a/b"), "x").await;
    for prefix in [
        "/",
        "..",
        "../",
        "a/../",
        "a//",
        "./",
        "/etc",
        "a/b/../..",
        "\0",
        "*",
        "a*",
    ] {
        let listed = store.list(prefix).await.expect("the store is read");
        assert!(listed.is_empty(), "{prefix:?}: {listed:?}");
    }
}

/// A list is complete, however long, and in order.
pub async fn a_long_list_is_complete(fixture: &dyn ArtifactStoreFixture) {
    const OBJECTS: usize = 2_500;
    let store = fixture.store();
    for first in (0..OBJECTS).step_by(100) {
        let writes: Vec<_> = (first..first + 100)
            .map(|number| {
                let store = fixture.store();
                let key = key(&format!("many/{}/{number:05}", number % 3));
                async move { store.create(&key, "x".into()).await }
            })
            .collect();
        for written in all_at_once(writes).await {
            written.expect("the store is written");
        }
    }
    put(&*store, &key("few/1"), "x").await;
    let listed = store.list("many/").await.expect("the store is read");
    assert_eq!(listed.len(), OBJECTS);
    assert!(
        listed.is_sorted_by(|a, b| a.key < b.key),
        "in order, none twice"
    );
    let part = store.list("many/1/").await.expect("the store is read");
    assert_eq!(part.len(), OBJECTS / 3);
}

fn texts(listed: &[ArtifactMetadata]) -> Vec<&str> {
    listed.iter().map(|object| object.key.as_str()).collect()
}
