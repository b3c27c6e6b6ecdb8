//! An object is there whole or not at all, whatever becomes of its writer.

use std::collections::BTreeSet;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use batchway_domain::ports::{ArtifactError, ArtifactStore, ByteRange, ByteStream, Created};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, future, poll, stream};

use crate::support::{Fixture, StillClock, key, whole};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn content_that_breaks_off_leaves_the_old_object() {
    let fixture = Fixture::new();
    fixture.put("a/b", b"old").await.unwrap();
    for name in ["a/b", "a/c/d"] {
        let pieces = [Ok(Bytes::from(vec![1; MIB])), Err(io::Error::other("gone"))];
        let broken: ByteStream = Box::pin(stream::iter(pieces));
        let put = fixture.store.put(&key(name), broken).await;
        assert!(matches!(put, Err(ArtifactError::BrokenInput(_))));
    }
    assert_eq!(fixture.read("a/b").await.unwrap(), b"old");
    assert_eq!(fixture.listed("").await, ["a/b"]);
    fixture.settled().await;
}

#[tokio::test]
async fn a_put_dropped_at_any_point_is_over_with_the_drop() {
    let fixture = Fixture::new();
    fixture.put("a", b"old").await.unwrap();
    let mut completed = 0;
    for polls in 0..200 {
        let name = key("a");
        let pieces = (0..4).map(|_| Ok(Bytes::from(vec![1; 128 * 1024])));
        let content: ByteStream = Box::pin(stream::iter(pieces).then(future::ready));
        let mut put = Box::pin(fixture.store.put(&name, content));
        for _ in 0..polls {
            if poll!(put.as_mut()).is_ready() {
                completed += 1;
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(put);
        let at_the_drop = fixture.read("a").await.unwrap();
        fixture.settled().await;
        assert_eq!(
            fixture.read("a").await.unwrap(),
            at_the_drop,
            "after {polls} polls"
        );
        fixture.put("a", b"old").await.unwrap();
    }
    assert!(completed < 200, "no put was ever dropped");
}

#[tokio::test]
async fn a_reader_keeps_the_version_it_opened() {
    let fixture = Fixture::new();
    let (old, new) = (vec![1; 3 * MIB + 1], vec![2; 2 * MIB]);
    fixture.put("a", &old).await.unwrap();
    let opened = fixture.store.read(&key("a"), None).await.unwrap();
    let mut content = pin!(opened.content);
    let first = content.next().await.unwrap().unwrap();
    assert!(first.len() <= 256 * 1024, "{} bytes at once", first.len());

    fixture.put("a", &new).await.unwrap();
    fixture.store.delete(&key("a")).await.unwrap();
    let rest: Vec<Bytes> = content.try_collect().await.unwrap();
    assert!([first].into_iter().chain(rest).flatten().eq(old));
}

#[tokio::test]
async fn every_content_has_its_own_etag_though_the_clock_stands_still() {
    let fixture = Fixture::new();
    let mut etags = BTreeSet::new();
    for round in 0..100_u8 {
        let put = fixture.put("a", &[round]).await.unwrap();
        let found = fixture.store.metadata(&key("a")).await.unwrap();
        assert_eq!(put, found);
        assert_eq!(fixture.store.list("").await.unwrap(), [found]);
        assert_eq!(put.last_modified, StillClock::time());
        etags.insert(put.etag);
    }
    assert_eq!(etags.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_creates_one_wins_and_its_content_stays() {
    let fixture = Arc::new(Fixture::new());
    for round in 0..20 {
        let name = format!("gates/{round}/gate.json");
        let runners = (0..16).map(|runner: u8| {
            let (fixture, name) = (Arc::clone(&fixture), key(&name));
            tokio::spawn(async move { fixture.store.create(&name, vec![runner].into()).await })
        });
        let results = future::try_join_all(runners).await.unwrap();
        let winners: Vec<u8> = (0..)
            .zip(results)
            .filter_map(|(runner, result)| (result.unwrap() == Created::Won).then_some(runner))
            .collect();
        assert_eq!(fixture.read(&name).await.unwrap(), winners);
        assert_eq!(winners.len(), 1);
    }
    fixture.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_and_removers_of_one_folder_do_not_disturb_each_other() {
    let fixture = Arc::new(Fixture::new());
    let workers = (0..8).map(|worker| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            let name = key(&format!("shared/deep/folder/{worker}"));
            for _ in 0..50 {
                fixture.store.put(&name, whole(b"x")).await.unwrap();
                fixture.store.metadata(&name).await.unwrap();
                fixture.store.delete(&name).await.unwrap();
            }
        })
    });
    future::try_join_all(workers).await.unwrap();
    assert!(!fixture.object("shared").exists(), "an empty folder stays");
}

#[tokio::test]
async fn ranges_are_cut_to_the_object() {
    let fixture = Fixture::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(600_000).collect();
    fixture.put("a", &bytes).await.unwrap();
    for (start, end) in [
        (0, 1),
        (599_999, 600_000),
        (1000, 599_000),
        (262_143, u64::MAX),
    ] {
        let range = Some(ByteRange { start, end });
        let opened = fixture.store.read(&key("a"), range).await.unwrap();
        let cut = usize::try_from(start).unwrap()..usize::try_from(end.min(600_000)).unwrap();
        assert_eq!(opened.range.end, end.min(600_000));
        let pieces: Vec<Bytes> = opened.content.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), &bytes[cut]);
    }
    let range = Some(ByteRange {
        start: 600_000,
        end: 600_001,
    });
    assert!(matches!(
        fixture.store.read(&key("a"), range).await,
        Err(ArtifactError::RangeNotSatisfiable { size: 600_000 })
    ));
}
