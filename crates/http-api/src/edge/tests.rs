use poem::endpoint::make_sync;
use poem::http::Method;
use poem::{EndpointExt, Route};
use serde_json::json;

use super::*;
use crate::test_gateway::{Answer, TestGateway, request, with_key};

/// Every path of the service with the methods that it takes.
fn paths() -> Vec<(String, Vec<&'static str>)> {
    let job = "/api/v1/jobs/job_0001k3m5z8a7q4x9c2v6b1n8d5f3";
    vec![
        ("/api/v1/jobs".to_owned(), vec!["GET", "POST", "HEAD"]),
        (job.to_owned(), vec!["GET", "HEAD"]),
        (format!("{job}/cancel"), vec!["POST"]),
        (format!("{job}/artifacts"), vec!["GET", "HEAD"]),
        ("/api/v1/job-types".to_owned(), vec!["GET", "HEAD"]),
        ("/api/v1/runner/reports".to_owned(), vec!["POST"]),
        ("/healthz".to_owned(), vec!["GET", "HEAD"]),
        ("/readyz".to_owned(), vec!["GET", "HEAD"]),
        ("/openapi.json".to_owned(), vec!["GET", "HEAD"]),
        ("/docs".to_owned(), vec!["GET", "HEAD"]),
        ("/artifacts/prod/user123/x".to_owned(), vec!["GET", "HEAD"]),
    ]
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_answered_with_those_it_does() {
    let gateway = TestGateway::new();
    for (path, allowed) in paths() {
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
        ] {
            let method: Method = method.parse().unwrap();
            let answer = gateway
                .send_with_key(request(method.clone(), &path), ())
                .await;
            if allowed.contains(&method.as_str()) {
                assert_ne!(answer.status, 405, "{method} {path}");
            } else {
                answer.expect_problem("method-not-allowed", 405);
                let allow: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
                assert_eq!(allow, allowed, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let gateway = TestGateway::new();
    for path in ["/healthz", "/openapi.json", "/docs", "/api/v1/jobs"] {
        let get = gateway.get(path).await;
        let head = gateway.send_with_key(request(Method::HEAD, path), ()).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
    }
}

#[tokio::test]
async fn there_is_nothing_at_other_paths() {
    let gateway = TestGateway::new();
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/job",
        "/api/v1/jobs/",
        "/api/v1/jobs/a/b",
        "/api/v1/jobs//cancel",
        "/api/v2/jobs",
        "//healthz",
        "/healthz/",
        "/docs/x",
        "/docs/../x",
        "/artifacts",
        "/artifacts/",
        "/%00",
        "/..%2f..%2fetc/passwd",
        "/api/v1/jobs/%ff",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let slug = answer.json()["type"].as_str().unwrap().to_owned();
        assert!(slug.ends_with("/not-found"), "{path}: {slug}");
    }
}

#[tokio::test]
async fn a_strangers_job_is_to_the_byte_as_one_that_never_was() {
    let gateway = TestGateway::new();
    let id = gateway.submit().await;
    let never = id.as_str().replace(&id.as_str()[16..], "0000000000000000");
    let stranger = gateway.stranger();
    let ask = async |method: Method, id: &str, route: &str| {
        let request =
            request(method, &format!("/api/v1/jobs/{id}{route}")).header("x-request-id", "r");
        let mut answer = gateway.send(with_key(request, &stranger).finish()).await;
        answer.expect_problem("job-not-found", 404);
        answer.body = answer.text().replace(id, "ID").into_bytes();
        answer
    };
    let routes = [
        (Method::GET, ""),
        (Method::GET, "?wait=5s"),
        (Method::GET, "/artifacts"),
        (Method::POST, "/cancel"),
    ];
    for (method, route) in routes {
        let theirs = ask(method.clone(), id.as_str(), route).await;
        for unknown in [&never, "job_x", "JOB_X", "..", "%F0%9F%A6%80"] {
            let other = ask(method.clone(), unknown, route).await;
            if unknown.starts_with("%") || unknown == ".." {
                continue;
            }
            assert_eq!(
                (&other.body, &other.headers),
                (&theirs.body, &theirs.headers),
                "{route}"
            );
        }
    }
    assert_eq!(
        gateway.jobs.job(&id).unwrap().cancel_requested_at,
        None,
        "nothing was done"
    );
}

#[tokio::test]
async fn every_operation_of_callers_needs_a_good_key() {
    let gateway = TestGateway::new();
    let revoked = gateway.stranger();
    let short = revoked.digest().short();
    let registry: &dyn batchway_domain::ports::ApiKeys = &*gateway.jobs;
    registry
        .revoke(&short, batchway_domain::Timestamp::EPOCH)
        .await
        .unwrap();
    for (path, methods) in paths() {
        if !path.starts_with("/api/v1/job") {
            continue;
        }
        for method in methods.iter().filter(|method| **method != "HEAD") {
            let method: Method = method.parse().unwrap();
            let bare = gateway.send(request(method.clone(), &path).finish()).await;
            bare.expect_problem("unauthorized", 401);
            let request =
                with_key(request(method, &path), &revoked).content_type("application/json");
            let body = json!({"job_type": "run_simulation", "params": {}}).to_string();
            gateway
                .send(request.body(body))
                .await
                .expect_problem("unauthorized", 401);
        }
    }
}

#[tokio::test]
async fn a_query_that_nobody_asked_for_is_refused_after_the_key() {
    let gateway = TestGateway::new();
    for (path, methods) in paths() {
        let method: Method = methods[0].parse().unwrap();
        let path = format!("{path}?verbose=1");
        let answer = gateway
            .send_with_key(request(method.clone(), &path), ())
            .await;
        if path.starts_with("/api/v1/runner") {
            // An API key is no job token.
            answer.expect_problem("invalid-job-token", 401);
        } else {
            answer.expect_problem("invalid-query", 400);
        }
        if path.starts_with("/api/v1/job") {
            let bare = gateway.send(request(method, &path).finish()).await;
            bare.expect_problem("unauthorized", 401);
        }
    }
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let gateway = TestGateway::new();
    let given = request(Method::GET, "/healthz").header("x-request-id", "trace-7");
    assert_eq!(
        gateway.send(given.finish()).await.header("x-request-id"),
        Some("trace-7")
    );
    let first = gateway
        .get("/healthz")
        .await
        .header("x-request-id")
        .unwrap()
        .to_owned();
    let second = gateway
        .get("/nothing")
        .await
        .header("x-request-id")
        .unwrap()
        .to_owned();
    assert!(first.len() == 32 && first != second);
}

#[tokio::test]
async fn every_answer_is_careful() {
    let gateway = TestGateway::new();
    for path in ["/healthz", "/nothing", "/api/v1/jobs", "/docs"] {
        let answer = gateway.get(path).await;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
    }
    assert_eq!(
        gateway.get("/api/v1/jobs").await.header("cache-control"),
        Some("no-store")
    );
}

/// An edge around something that is not ours.
async fn answer_of(inner: impl Endpoint<Output = Response> + 'static) -> Answer {
    let mut gateway = TestGateway::new();
    let edge = Edge {
        inner: Route::new().at("/healthz", inner).map_to_response(),
        routes: crate::route_table(),
        notes: Vec::new(),
        application: gateway.application.clone(),
        entropy: Arc::new(batchway_memory_adapters::SeededEntropy::default()),
    };
    gateway.endpoint = edge.boxed();
    gateway.get("/healthz").await
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing_of_the_inside() {
    let answer = answer_of(make_sync(|_| -> Response { panic!("secret {}", 7) })).await;
    answer.expect_problem("internal-error", 500);
    assert!(!answer.text().contains("secret"));
}

#[tokio::test]
async fn whatever_poem_says_becomes_a_problem() {
    let teapot = make_sync(|_| -> poem::Result<Response> {
        Err(poem::Error::from_string(
            "inner words",
            StatusCode::IM_A_TEAPOT,
        ))
    });
    let answer = answer_of(teapot.map_to_response()).await;
    answer.expect_problem("internal-error", 500);
    assert!(!answer.text().contains("inner words"));
}

#[tokio::test]
async fn a_store_that_fails_is_not_the_callers_fault() {
    let gateway = TestGateway::new();
    let id = gateway.submit().await;
    gateway.break_job_store();
    let job = format!("/api/v1/jobs/{id}");
    for path in [
        "/api/v1/jobs",
        &job,
        &format!("{job}/artifacts"),
        "/api/v1/job-types",
    ] {
        gateway
            .get(path)
            .await
            .expect_problem("job-store-unavailable", 503);
    }
    let answer = gateway
        .post("/api/v1/jobs", &crate::test_gateway::simulation())
        .await;
    let problem = answer.expect_problem("job-store-unavailable", 503);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("same idempotency key")
    );
    gateway
        .get("/readyz")
        .await
        .expect_problem("not-ready", 503);
    assert_eq!(gateway.get("/healthz").await.status, 200);
}
