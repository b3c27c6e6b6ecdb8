//! Where the names of a file system and the keys of an object store differ.

use std::collections::BTreeSet;
use std::time::Duration;
use std::{fs, sync::Arc};

use batchway_artifact_store_filesystem::{FilesystemArtifactStore, OpenError};
use batchway_domain::Timestamp;
use batchway_domain::ports::{ArtifactError, ArtifactStore, Disposition};
use batchway_domain::security::{LinkMethod, LinkSigner, SigningSecrets};
use bytes::Bytes;

use crate::support::{Fixture, StillClock, key};

fn assert_clash(error: &ArtifactError) {
    assert!(matches!(error, ArtifactError::Forbidden { .. }), "{error}");
    assert!(error.to_string().contains("choose another name"), "{error}");
}

#[tokio::test]
async fn one_name_is_not_both_an_object_and_a_folder() {
    let fixture = Fixture::new();
    fixture.put("a", b"1").await.unwrap();
    fixture.put("b/c/d", b"2").await.unwrap();
    for clash in ["a/x", "a/x/y", "b", "b/c"] {
        assert_clash(&fixture.put(clash, b"3").await.unwrap_err());
        let created = fixture.store.create(&key(clash), Bytes::new()).await;
        assert_clash(&created.unwrap_err());
        let found = fixture.store.metadata(&key(clash)).await;
        assert!(matches!(found, Err(ArtifactError::NotFound { .. })));
        fixture.store.delete(&key(clash)).await.unwrap();
    }
    assert_eq!(fixture.listed("").await, ["a", "b/c/d"]);
    assert!(fixture.partial_files().is_empty());
}

#[tokio::test]
async fn what_is_removed_is_no_longer_in_the_way() {
    let fixture = Fixture::new();
    fixture.put("b/c/d", b"2").await.unwrap();
    fixture.store.delete(&key("b/c/d")).await.unwrap();
    fixture.put("b", b"3").await.unwrap();
    fixture.store.delete(&key("b")).await.unwrap();
    fixture.put("b/c", b"4").await.unwrap();
    // As a writer leaves it that was killed between making the folder and filling it.
    fs::create_dir(fixture.object("empty")).unwrap();
    fixture
        .store
        .create(&key("empty"), Bytes::new())
        .await
        .unwrap();
    fs::create_dir(fixture.object("bare")).unwrap();
    fixture.put("bare", b"5").await.unwrap();
    assert_eq!(fixture.listed("").await, ["b/c", "bare", "empty"]);
}

#[tokio::test]
async fn a_list_is_complete_and_ordered_by_bytes() {
    let fixture = Fixture::new();
    let mut keys = BTreeSet::new();
    for number in 0..1200 {
        let part = ["a", "a!", "a-", "a.b", "ab", "aé"][number % 6];
        keys.insert(format!("{part}/{}/{number}", number % 7));
    }
    for name in &keys {
        fs::create_dir_all(fixture.object(name).parent().unwrap()).unwrap();
        fs::write(fixture.object(name), name).unwrap();
    }
    for prefix in [
        "", "a", "a/", "a!", "a./", "a.b/3/1", "ab/1/", "aé", "b", "a/1/1/",
    ] {
        let expected: Vec<&String> = keys.iter().filter(|k| k.starts_with(prefix)).collect();
        let found = fixture.listed(prefix).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{prefix}");
    }
}

#[tokio::test]
async fn files_that_can_be_no_keys_are_not_listed() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Fixture::new();
    fixture.put("a/b", b"1").await.unwrap();
    for name in [&b"a/\xff"[..], b"a/back\\slash", b"a/new\nline"] {
        let path = fixture.object("").join(std::ffi::OsStr::from_bytes(name));
        fs::write(path, "x").unwrap();
    }
    assert_eq!(fixture.listed("").await, ["a/b"]);
}

#[tokio::test]
async fn the_longest_key_is_kept_however_deep() {
    let fixture = Fixture::new();
    let deep = vec!["x"; 512].join("/");
    let long = [
        "y".repeat(255),
        "é".repeat(127),
        "z".repeat(255),
        "w".repeat(255),
    ]
    .join("/");
    for name in [&deep, &long] {
        fixture.put(name, b"1").await.unwrap();
        assert_eq!(fixture.read(name).await.unwrap(), b"1");
    }
    assert_eq!(fixture.listed("").await, [deep.clone(), long]);
    fixture.store.delete(&key(&deep)).await.unwrap();
    assert!(!fixture.object("x").exists());
}

#[tokio::test]
async fn links_open_their_key_until_a_whole_second_within_the_time() {
    let fixture = Fixture::new();
    let secrets = SigningSecrets::new(vec![vec![7; 32]]).unwrap();
    let signer = LinkSigner::new(secrets, "http://h:1");
    let store =
        FilesystemArtifactStore::open(&fixture.root(), Some(signer.clone()), Arc::new(StillClock))
            .unwrap();
    let hour = Duration::from_secs(3600);
    let link = store
        .link(&key("a/b"), hour, Disposition::Attachment)
        .await
        .unwrap();
    assert_eq!(link.expires_at, Timestamp::from_millis(1_772_370_000_000));
    let (start, signature) = link.url.split_once("&signature=").unwrap();
    assert_eq!(start, "http://h:1/artifacts/a/b?expires=1772370000");
    let opens = |name, now| {
        let now = Timestamp::from_millis(now);
        signer
            .verify(LinkMethod::Get, name, 1_772_370_000, signature, now)
            .is_ok()
    };
    assert!(opens("a/b", 1_772_369_999_999));
    assert!(!opens("a/b", 1_772_370_000_000));
    assert!(!opens("a/c", 1_772_369_999_999));

    let refusal = fixture
        .store
        .link(&key("a/b"), hour, Disposition::Inline)
        .await
        .unwrap_err();
    assert!(matches!(refusal, ArtifactError::Forbidden { .. }));
    assert!(refusal.to_string().contains("nothing to sign"), "{refusal}");
}

#[tokio::test]
async fn a_folder_that_can_not_be_a_store_is_named() {
    let fixture = Fixture::new();
    fs::write(fixture.outside("file"), "x").unwrap();
    for root in ["file", "file/below"] {
        let opened =
            FilesystemArtifactStore::open(&fixture.outside(root), None, Arc::new(StillClock));
        let error = opened.unwrap_err();
        assert!(matches!(error, OpenError::Unusable { .. }));
        assert!(error.to_string().contains(root), "{error}");
    }
    fs::remove_dir_all(fixture.root()).unwrap();
    assert!(fixture.store.check().await.is_err(), "its folder is gone");
}
