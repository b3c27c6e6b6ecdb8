//! Links by which anyone can read one object for a time.

use std::time::Duration;

use batchway_domain::ports::{Disposition, Link};

use super::ArtifactStoreFixture;
use super::content::{key, put};

const HOUR: Duration = Duration::from_secs(3600);

/// A link is a whole URL, and ends no later than was asked for, and not before it began.
pub async fn a_link_ends_no_later_than_asked(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("prod/ada/job_1/results.h5");
    put(&*store, &key, "x").await;
    for valid_for in [Duration::from_secs(2), HOUR] {
        for disposition in [Disposition::Inline, Disposition::Attachment] {
            let before = fixture.now();
            let link = store.link(&key, valid_for, disposition).await;
            let Link { url, expires_at } = link.expect("a link is made");
            assert!(
                url.starts_with("http://") || url.starts_with("https://"),
                "{url}"
            );
            assert!(url.contains("/prod/ada/job_1/results.h5"), "{url}");
            assert!(expires_at > before, "{expires_at} after {before}");
            assert!(expires_at <= fixture.now().plus(valid_for), "{expires_at}");
        }
    }
}

/// A link to what is not there is made all the same: it costs no call.
pub async fn a_link_asks_for_no_object(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let absent = key("nothing/here");
    let link = store.link(&absent, HOUR, Disposition::Inline).await;
    let link = link.expect("a link is made");
    if fixture.capabilities().links_are_fetchable {
        assert_eq!(fixture.fetch(&link.url).await.status, 404);
        put(&*store, &absent, "now it is").await;
        assert_eq!(fixture.fetch(&link.url).await.body, "now it is");
    }
}

/// Names of all kinds are written so that a URL can hold them, and lead back to their object.
pub async fn odd_names_have_links_too(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    for name in [
        "a/ü 日本.h5",
        "a/%2e%2e",
        "a/#x?y=z&w",
        "a/+",
        "a/\"quoted\".csv",
    ] {
        put(&*store, &key(name), name).await;
        let link = store.link(&key(name), HOUR, Disposition::Attachment).await;
        let link = link.expect("a link is made");
        assert!(
            link.url.bytes().all(|byte| byte.is_ascii_graphic()),
            "{}",
            link.url
        );
        assert_eq!(link.url.matches('?').count(), 1, "{}", link.url);
        assert!(!link.url.contains(['#', '"']), "{}", link.url);
        if fixture.capabilities().links_are_fetchable {
            let fetched = fixture.fetch(&link.url).await;
            assert_eq!((fetched.status, &fetched.body[..]), (200, name.as_bytes()));
        }
    }
}

/// A link opens its object until it ends, and not after. Where nothing answers under it, it at
/// least bears an end and something that proves it.
pub async fn a_link_opens_until_its_end(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/b.txt");
    put(&*store, &key, "content").await;
    let short = Duration::from_secs(2);
    let link = store.link(&key, short, Disposition::Inline).await;
    let link = link.expect("a link is made");
    if !fixture.capabilities().links_are_fetchable {
        let (_, query) = link.url.split_once('?').expect("it has a query");
        assert!(query.to_lowercase().contains("signature="), "{query}");
        return;
    }
    let fetched = fixture.fetch(&link.url).await;
    assert_eq!((fetched.status, &fetched.body[..]), (200, &b"content"[..]));
    fixture.let_pass(short + Duration::from_secs(1)).await;
    let late = fixture.fetch(&link.url).await;
    assert!((400..500).contains(&late.status), "{late:?}");
    assert!(!late.body.starts_with(b"content"));
}

/// A link changed to another key, another end or another proof opens nothing.
pub async fn a_changed_link_opens_nothing(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let (hers, his) = (key("prod/ada/secret"), key("prod/bob/secret"));
    put(&*store, &hers, "hers").await;
    put(&*store, &his, "his").await;
    let link = store.link(&hers, HOUR, Disposition::Inline).await;
    let url = link.expect("a link is made").url;
    let other = store.link(&his, HOUR, Disposition::Inline).await;
    let other = other.expect("a link is made").url;
    assert_ne!(proof_of(&url), proof_of(&other), "a proof is for one key");
    if !fixture.capabilities().links_are_fetchable {
        return;
    }
    let changed = [
        url.replace("/ada/", "/bob/"),
        url.replace("/ada/", "/ada/../bob/"),
        url.replace("/ada/", "/ada%2F..%2Fbob/"),
        url.replace(proof_of(&url), proof_of(&other)),
        url.replace(proof_of(&url), ""),
        url.split('?').next().unwrap_or_default().to_owned(),
    ];
    for changed in changed {
        let fetched = fixture.fetch(&changed).await;
        assert!(
            (400..500).contains(&fetched.status),
            "{changed}: {fetched:?}"
        );
    }
    assert_eq!(fixture.fetch(&url).await.body, "hers");
}

/// A browser is told to save an attachment under the last part of its key, and to show what is
/// safe to show, where the link says so.
pub async fn an_attachment_is_saved_under_its_name(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/b/run.log");
    put(&*store, &key, "x").await;
    let link = async |disposition| store.link(&key, HOUR, disposition).await;
    let inline = link(Disposition::Inline).await.expect("a link is made");
    let attachment = link(Disposition::Attachment).await.expect("a link is made");
    if !fixture.capabilities().links_carry_disposition {
        assert_eq!(inline.url, attachment.url);
        return;
    }
    assert_ne!(inline.url, attachment.url);
    if fixture.capabilities().links_are_fetchable {
        let told = fixture.fetch(&attachment.url).await.content_disposition;
        let told = told.expect("a browser is told what to do");
        assert!(
            told.starts_with("attachment") && told.contains("run.log"),
            "{told}"
        );
        let told = fixture.fetch(&inline.url).await.content_disposition;
        let told = told.unwrap_or_else(|| "inline".to_owned());
        assert!(told.starts_with("inline"), "{told}");
    }
}

/// What proves a link: the value of the last parameter of its query.
fn proof_of(url: &str) -> &str {
    url.rsplit_once('=').map_or("", |(_, proof)| proof)
}
