//! Ways out of the folder, each tried.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactStore, Created};
use bytes::Bytes;
use rustix::fs::{CWD, FileType, Mode, RenameFlags};

use crate::support::{Fixture, key, whole};

const SECRET: &[u8] = b"of someone else";

/// A store beside a folder with a file that is not the store's.
fn beside_a_secret() -> Fixture {
    let fixture = Fixture::new();
    fs::create_dir(fixture.outside("private")).unwrap();
    fs::write(fixture.outside("private/secret"), SECRET).unwrap();
    fixture
}

fn assert_untouched(fixture: &Fixture) {
    let inside: Vec<_> = crate::support::files_of(&fixture.outside("private"));
    assert_eq!(inside, [fixture.outside("private/secret")]);
    assert_eq!(fs::read(&inside[0]).unwrap(), SECRET);
}

#[tokio::test]
async fn a_folder_that_is_a_symbolic_link_is_not_entered() {
    for (link, prefix) in [("a", ""), ("x/a", "x/"), ("x/y/a", "x/y/")] {
        let fixture = beside_a_secret();
        fs::create_dir_all(fixture.object(link).parent().unwrap()).unwrap();
        symlink(fixture.outside("private"), fixture.object(link)).unwrap();
        let secret = key(&format!("{link}/secret"));
        let store = &fixture.store;

        let refused = |error: ArtifactError| {
            assert!(matches!(error, ArtifactError::Forbidden { .. }), "{error}");
            assert!(error.to_string().contains(link), "{error}");
        };
        refused(store.metadata(&secret).await.unwrap_err());
        refused(store.read(&secret, None).await.unwrap_err());
        refused(store.put(&secret, whole(b"mine")).await.unwrap_err());
        refused(store.create(&secret, Bytes::new()).await.unwrap_err());
        refused(store.delete(&secret).await.unwrap_err());
        refused(
            fixture
                .put(&format!("{link}/new/deep"), b"mine")
                .await
                .unwrap_err(),
        );
        for prefix in [prefix, link, &format!("{link}/"), &format!("{link}/sec")] {
            assert_eq!(fixture.listed(prefix).await, [""; 0], "{prefix}");
        }
        assert_untouched(&fixture);
    }
}

#[tokio::test]
async fn a_file_that_is_a_symbolic_link_is_never_followed() {
    let fixture = beside_a_secret();
    let store = &fixture.store;
    let plant = || symlink(fixture.outside("private/secret"), fixture.object("a")).unwrap();

    plant();
    assert!(matches!(
        store.read(&key("a"), None).await,
        Err(ArtifactError::Forbidden { .. })
    ));
    assert!(store.metadata(&key("a")).await.is_err());
    assert_eq!(fixture.listed("").await, [""; 0]);
    let created = store.create(&key("a"), Bytes::from("mine")).await.unwrap();
    assert_eq!(created, Created::AlreadyThere);
    assert_untouched(&fixture);

    fixture.put("a", b"mine").await.unwrap();
    assert_eq!(fixture.read("a").await.unwrap(), b"mine");
    assert_untouched(&fixture);

    store.delete(&key("a")).await.unwrap();
    plant();
    store.delete(&key("a")).await.unwrap();
    assert!(!fixture.object("a").is_symlink());
    assert_untouched(&fixture);
}

#[tokio::test]
async fn a_link_to_nothing_makes_nothing_outside() {
    let fixture = beside_a_secret();
    symlink(fixture.outside("private/new"), fixture.object("a")).unwrap();
    let created = fixture.store.create(&key("a"), Bytes::from("mine")).await;
    assert_eq!(created.unwrap(), Created::AlreadyThere);
    fixture.put("a", b"mine").await.unwrap();
    assert_untouched(&fixture);
}

#[test]
fn a_folder_swapped_for_a_link_at_the_worst_moment_is_not_entered() {
    let fixture = beside_a_secret();
    fs::create_dir_all(fixture.object("a/b")).unwrap();
    fs::write(fixture.object("a/b/secret"), "mine").unwrap();
    symlink(fixture.outside("private"), fixture.object("a/link")).unwrap();
    let (real, link) = (fixture.object("a/b"), fixture.object("a/link"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let over = AtomicBool::new(false);
    let reads: Vec<_> = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &real, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let reads = (0..2000).map(|_| runtime.block_on(fixture.read("a/b/secret")).ok());
        let reads = reads.collect();
        over.store(true, Ordering::Relaxed);
        reads
    });
    let (read, refused): (Vec<_>, Vec<_>) = reads.into_iter().partition(Option::is_some);
    assert!(
        !read.is_empty() && !refused.is_empty(),
        "there was no race: {} of 2000 reads were refused",
        refused.len()
    );
    assert!(read.into_iter().flatten().all(|content| content == b"mine"));
    assert_untouched(&fixture);
}

#[tokio::test]
async fn names_that_try_to_climb_are_no_keys_or_just_names() {
    for climbing in [
        "../private/secret",
        "/etc/passwd",
        "a/../../private/secret",
        "a\0b",
        ".",
    ] {
        assert!(climbing.parse::<ArtifactKey>().is_err(), "{climbing:?}");
    }
    let fixture = beside_a_secret();
    for odd in [
        "%2e%2e/private/secret",
        "..%2fprivate%2fsecret",
        "%2fetc%2fpasswd",
        "a%00b",
        "...",
        "\u{2025}/\u{ff0e}\u{ff0e}\u{2215}x",
        "~",
        "-rf",
        " ",
    ] {
        fixture.put(odd, odd.as_bytes()).await.unwrap();
        assert_eq!(fixture.read(odd).await.unwrap(), odd.as_bytes());
        assert_eq!(fixture.listed(odd).await, [odd]);
        assert!(fixture.object(odd).is_file());
    }
    assert_untouched(&fixture);
}

#[tokio::test]
async fn no_prefix_lists_what_lies_outside() {
    let fixture = beside_a_secret();
    fixture.put("a/b", b"mine").await.unwrap();
    for prefix in [
        "/",
        "//",
        "../",
        "..",
        "./",
        ".",
        "a/../",
        "a/../../private/",
        "a//",
        "/a",
        "\0",
        "a/\0",
        "../private/",
        "../partial/",
        "a/./b",
    ] {
        assert_eq!(fixture.listed(prefix).await, [""; 0], "{prefix:?}");
    }
}

#[tokio::test]
async fn pipes_and_folders_are_no_objects_and_hold_nobody_up() {
    let fixture = Fixture::new();
    fixture.put("a/b", b"mine").await.unwrap();
    let pipe = fixture.object("pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for name in ["pipe", "a"] {
        assert!(matches!(
            fixture.read(name).await,
            Err(ArtifactError::NotFound { .. })
        ));
    }
    assert_eq!(fixture.listed("").await, ["a/b"]);
}
