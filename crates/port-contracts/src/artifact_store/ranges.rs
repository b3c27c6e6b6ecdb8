//! Reading a part of an object.

use batchway_domain::ports::{ArtifactError, ByteRange};

use super::ArtifactStoreFixture;
use super::content::{key, put, whole};

const CONTENT: &str = "0123456789";

/// A range gives its bytes, the metadata that of the whole. What reaches beyond the end ends
/// there.
pub async fn a_range_gives_its_bytes(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a");
    let written = put(&*store, &key, CONTENT).await;
    let cases = [
        ((0, 10), (0, 10)),
        ((0, 1), (0, 1)),
        ((3, 7), (3, 7)),
        ((9, 10), (9, 10)),
        ((4, 11), (4, 10)),
        ((0, u64::MAX), (0, 10)),
        ((9, u64::MAX), (9, 10)),
    ];
    for ((start, end), (first, last)) in cases {
        let opened = store.read(&key, Some(ByteRange { start, end })).await;
        let opened = opened.expect("the range begins in the object");
        assert_eq!(opened.metadata, written, "{start}..{end}");
        assert_eq!((opened.range.start, opened.range.end), (first, last));
        let expected = &CONTENT.as_bytes()[opened.range.start as usize..opened.range.end as usize];
        assert_eq!(whole(opened.content).await, expected, "{start}..{end}");
    }
}

/// A range that begins at the end or after it can't be given; the size is told.
pub async fn a_range_beyond_the_end_is_refused(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a");
    put(&*store, &key, CONTENT).await;
    for (start, end) in [(10, 11), (10, u64::MAX), (11, 12), (u64::MAX - 1, u64::MAX)] {
        let refused = store.read(&key, Some(ByteRange { start, end })).await;
        assert!(
            matches!(
                refused,
                Err(ArtifactError::RangeNotSatisfiable { size: 10 })
            ),
            "{start}..{end}: {refused:?}"
        );
    }
}

/// No range begins in an empty object.
pub async fn an_empty_object_has_no_range(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("empty");
    put(&*store, &key, "").await;
    let refused = store.read(&key, Some(ByteRange { start: 0, end: 1 })).await;
    assert!(
        matches!(refused, Err(ArtifactError::RangeNotSatisfiable { size: 0 })),
        "{refused:?}"
    );
}

/// A range of what is not there is not found.
pub async fn a_range_of_nothing_is_not_found(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let absent = store
        .read(&key("nothing"), Some(ByteRange { start: 0, end: 1 }))
        .await;
    assert!(
        matches!(absent, Err(ArtifactError::NotFound { .. })),
        "{absent:?}"
    );
}

/// Ranges joined are the whole object, also across the pieces that it was written in.
pub async fn ranges_joined_are_the_whole(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a");
    let content: String = ('a'..='z').cycle().take(300_000).collect();
    put(&*store, &key, &content).await;
    let mut joined = Vec::new();
    while joined.len() < content.len() {
        let start = joined.len() as u64;
        let range = ByteRange {
            start,
            end: start + 65_537,
        };
        let opened = store.read(&key, Some(range)).await.expect("it is there");
        joined.extend(whole(opened.content).await);
    }
    assert!(joined == content.as_bytes());
}
