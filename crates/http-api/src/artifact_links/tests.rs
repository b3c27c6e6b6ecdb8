use std::time::Duration;

use poem::RequestBuilder;
use poem::http::Method;

use crate::test_gateway::{Answer, TestGateway, request};

/// A gateway with one artifact of ten bytes, and the path of a link to it.
async fn with_artifact(name: &str) -> (TestGateway, String) {
    let gateway = TestGateway::new();
    let id = gateway.submit().await;
    gateway
        .artifacts
        .insert(&format!("prod/user123/{id}/{name}"), "0123456789");
    let list = gateway
        .get(&format!("/api/v1/jobs/{id}/artifacts"))
        .await
        .json();
    let url = list["artifacts"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix("http://gateway.test").unwrap().to_owned();
    (gateway, path)
}

async fn get(gateway: &TestGateway, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(gateway, request(Method::GET, path), headers).await
}

async fn send(gateway: &TestGateway, request: RequestBuilder, headers: &[(&str, &str)]) -> Answer {
    let add = |request: RequestBuilder, header: &(&str, &str)| request.header(header.0, header.1);
    gateway
        .send(headers.iter().fold(request, add).finish())
        .await
}

#[tokio::test]
async fn a_link_opens_the_whole_artifact_without_a_key() {
    let (gateway, path) = with_artifact("results.h5").await;
    let answer = get(&gateway, &path, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "0123456789"));
    for (name, value) in [
        ("content-length", "10"),
        ("content-type", "application/x-hdf5"),
        ("content-disposition", "attachment; filename=\"results.h5\""),
        ("accept-ranges", "bytes"),
        ("last-modified", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
        (
            "content-security-policy",
            "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let etag = answer.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
}

#[tokio::test]
async fn head_says_the_same_and_sends_nothing() {
    let (gateway, path) = with_artifact("plot.svg").await;
    let whole = get(&gateway, &path, &[]).await;
    let head = send(
        &gateway,
        request(Method::HEAD, &path),
        &[("range", "bytes=0-1")],
    )
    .await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("10"));
    for name in [
        "content-type",
        "etag",
        "content-disposition",
        "last-modified",
    ] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn one_range_is_sent_alone() {
    let (gateway, path) = with_artifact("results.h5").await;
    for (range, text, content_range) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=5-500", "56789", "bytes 5-9/10"),
    ] {
        let answer = get(&gateway, &path, &[("range", range)]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (206, text));
        assert_eq!(answer.header("content-range"), Some(content_range));
        assert_eq!(
            answer.header("content-length"),
            Some(text.len().to_string().as_str())
        );
    }
    for range in ["bytes=0-1,4-5", "bytes=x", "pages=1-2"] {
        assert_eq!(
            get(&gateway, &path, &[("range", range)]).await.status,
            200,
            "{range}"
        );
    }
    for range in ["bytes=10-", "bytes=-0"] {
        let answer = get(&gateway, &path, &[("range", range)]).await;
        answer.expect_problem("range-not-satisfiable", 416);
        assert_eq!(answer.header("content-range"), Some("bytes */10"));
    }
}

#[tokio::test]
async fn a_range_of_another_version_is_not_mixed_in() {
    let (gateway, path) = with_artifact("results.h5").await;
    let whole = get(&gateway, &path, &[]).await;
    let (etag, date) = (
        whole.header("etag").unwrap(),
        whole.header("last-modified").unwrap(),
    );
    let earlier = "Sun, 01 Mar 2026 11:00:00 GMT";
    for (condition, status) in [
        (etag, 206),
        (date, 206),
        ("\"other\"", 200),
        (earlier, 200),
        ("x", 200),
    ] {
        let headers = [("range", "bytes=0-1"), ("if-range", condition)];
        assert_eq!(
            get(&gateway, &path, &headers).await.status,
            status,
            "{condition}"
        );
    }
}

#[tokio::test]
async fn what_the_caller_has_is_not_sent_again() {
    let (gateway, path) = with_artifact("results.h5").await;
    let whole = get(&gateway, &path, &[]).await;
    let etag = whole.header("etag").unwrap();
    let weak = format!("W/{etag}, \"x\"");
    let (date, earlier) = (
        whole.header("last-modified").unwrap(),
        "Sun, 01 Mar 2026 11:00:00 GMT",
    );
    for (headers, status) in [
        (vec![("if-none-match", etag)], 304),
        (vec![("if-none-match", weak.as_str())], 304),
        (vec![("if-none-match", "*")], 304),
        (vec![("if-none-match", "\"x\"")], 200),
        (vec![("if-modified-since", date)], 304),
        (vec![("if-modified-since", earlier)], 200),
        (
            vec![("if-modified-since", date), ("if-none-match", "\"x\"")],
            200,
        ),
        (vec![("if-none-match", etag), ("range", "bytes=0-1")], 304),
    ] {
        let answer = get(&gateway, &path, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 304 {
            assert_eq!((answer.body.len(), answer.header("etag")), (0, Some(etag)));
        }
    }
}

#[tokio::test]
async fn changed_links_open_nothing() {
    let (gateway, path) = with_artifact("a b.h5").await;
    gateway.artifacts.insert("prod/other/secret.h5", "secret");
    let (location, query) = path.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    let end: i64 = expires.strip_prefix("expires=").unwrap().parse().unwrap();
    for bad in [
        location.to_owned(),
        format!("{location}?{expires}"),
        format!("{location}?{signature}"),
        format!("{location}?{expires}&signature="),
        format!("{location}?expires=soon&{signature}"),
        format!("{location}?expires={}&{signature}", end + 1),
        format!("{location}?{expires}&signature=AAAA"),
        format!("{location}x?{query}"),
        format!("/artifacts/prod/other/secret.h5?{query}"),
        format!("/artifacts/../../etc/passwd?{query}"),
        format!("/artifacts/%2e%2e/%2e%2e/etc/passwd?{query}"),
        format!("{}?{query}", location.replace("%20", "%2520")),
        format!("{}?{query}", location.replace('b', "%00")),
        format!("{location}%ff?{query}"),
    ] {
        let answer = get(&gateway, &bad, &[]).await;
        answer.expect_problem("link-refused", 403);
    }
    let equivalent = path.replace("a%20b", "%61%20b");
    assert_eq!(
        get(&gateway, &equivalent, &[]).await.status,
        200,
        "the same key, written otherwise"
    );
}

#[tokio::test]
async fn a_link_ends() {
    let (gateway, path) = with_artifact("results.h5").await;
    gateway.clock.advance(Duration::from_secs(3599));
    assert_eq!(get(&gateway, &path, &[]).await.status, 200);
    gateway.clock.advance(Duration::from_secs(1));
    let problem = get(&gateway, &path, &[])
        .await
        .expect_problem("link-expired", 403);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("2026-03-01T13:00:00")
    );
}

#[tokio::test]
async fn a_link_to_what_is_gone_says_so() {
    let (gateway, path) = with_artifact("results.h5").await;
    let key = gateway.artifacts.keys()[0].parse().unwrap();
    let store: &dyn batchway_domain::ports::ArtifactStore = &*gateway.artifacts;
    store.delete(&key).await.unwrap();
    get(&gateway, &path, &[])
        .await
        .expect_problem("artifact-not-found", 404);
}

#[tokio::test]
async fn an_empty_artifact_is_sent_whole() {
    let (gateway, path) = with_artifact("empty.txt").await;
    let key = gateway.artifacts.keys()[0].clone();
    gateway.artifacts.insert(&key, "");
    let answer = get(&gateway, &path, &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-length")),
        (200, Some("0"))
    );
    let answer = get(&gateway, &path, &[("range", "bytes=0-")]).await;
    answer.expect_problem("range-not-satisfiable", 416);
}
