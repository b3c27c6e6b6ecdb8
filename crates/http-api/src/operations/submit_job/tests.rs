use batchway_domain::ports::AdmissionLimits;
use batchway_domain::security::ApiKey;
use poem::Body;
use poem::http::Method;
use serde_json::{Value, json};

use crate::body::MAX_BODY_BYTES;
use crate::test_gateway::{Answer, TestGateway, request, simulation, with_key};

const PATH: &str = "/api/v1/jobs";

/// Sends text as JSON, with the key of `user123`.
async fn post_text(gateway: &TestGateway, body: impl Into<Body>) -> Answer {
    let request = request(Method::POST, PATH).content_type("application/json");
    gateway.send_with_key(request, body).await
}

async fn post_with_header(gateway: &TestGateway, key: &str, body: &Value) -> Answer {
    let request = request(Method::POST, PATH)
        .content_type("application/json")
        .header("idempotency-key", key);
    gateway.send_with_key(request, body.to_string()).await
}

fn with_field(name: &str, value: impl Into<Value>) -> Value {
    let mut body = simulation();
    body[name] = value.into();
    body
}

#[tokio::test]
async fn a_job_is_accepted_with_its_id_and_place() {
    let gateway = TestGateway::new();
    let answer = gateway.post(PATH, &simulation()).await;
    assert_eq!(answer.status, 202);
    let id = gateway.jobs.all_jobs()[0].id.to_string();
    assert_eq!(
        answer.json(),
        json!({"job_id": id, "status": "queued", "estimated_time": 55})
    );
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/jobs/{id}").as_str())
    );
    assert_eq!(answer.header("idempotent-replayed"), None);
    assert!(
        answer.text().starts_with("{\"job_id\":"),
        "fields stand in the order of the docs"
    );
}

#[tokio::test]
async fn the_same_request_again_is_answered_and_not_done() {
    let gateway = TestGateway::new();
    let body = with_field("idempotency_key", "a");
    let first = gateway.post(PATH, &body).await;
    let replays = [
        gateway.post(PATH, &body).await,
        post_with_header(&gateway, "a", &simulation()).await,
        post_with_header(&gateway, "a", &body).await,
        // Another order of fields is the same request.
        post_text(
            &gateway,
            r#"{"params":{"steps":50000},"idempotency_key":"a","job_type":"run_simulation"}"#,
        )
        .await,
    ];
    for replay in replays {
        assert_eq!((replay.status.as_u16(), &replay.body), (200, &first.body));
        assert_eq!(replay.header("idempotent-replayed"), Some("true"));
        assert_eq!(replay.header("location"), first.header("location"));
    }
    assert_eq!(gateway.jobs.all_jobs().len(), 1);
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_caller() {
    let gateway = TestGateway::new();
    let first = post_with_header(&gateway, "a", &simulation()).await.json();
    let other = json!({"job_type": "run_simulation", "params": {"steps": 1}});
    let answer = post_with_header(&gateway, "a", &other).await;
    let problem = answer.expect_problem("idempotency-key-reused", 422);
    assert_eq!(problem["job_id"], first["job_id"]);

    let request = request(Method::POST, PATH).content_type("application/json");
    let request = with_key(request, &gateway.stranger()).header("idempotency-key", "a");
    assert_eq!(
        gateway.send(request.body(other.to_string())).await.status,
        202
    );
}

#[tokio::test]
async fn two_different_keys_are_refused() {
    let gateway = TestGateway::new();
    let answer = post_with_header(&gateway, "a", &with_field("idempotency_key", "b")).await;
    assert_eq!(answer.invalid_at(), ["/idempotency_key"]);
}

#[tokio::test]
async fn a_header_that_is_no_key_is_a_bad_request() {
    let gateway = TestGateway::new();
    let long = "x".repeat(256);
    for key in ["", "a b", "é", long.as_str()] {
        let answer = post_with_header(&gateway, key, &simulation()).await;
        answer.expect_problem("invalid-header", 400);
    }
    let twice = request(Method::POST, PATH)
        .content_type("application/json")
        .header("idempotency-key", "a")
        .header("idempotency-key", "a");
    let answer = gateway.send_with_key(twice, simulation().to_string()).await;
    answer.expect_problem("invalid-header", 400);
    assert!(gateway.jobs.all_jobs().is_empty());
}

#[tokio::test]
async fn what_is_not_json_is_a_bad_request_that_says_where() {
    let gateway = TestGateway::new();
    let bad: [&[u8]; 12] = [
        b"",
        b" ",
        b"{",
        b"{\"job_type\": \"run_simulation\",}",
        b"{'job_type': 1}",
        b"job_type=run_simulation",
        b"{\"job_type\": \"\xff\"}",
        b"{\"job_type\": \"a\0\"}",
        b"{\"job_type\": \"\\ud800\"}",
        b"{\"params\": {\"steps\": NaN}}",
        b"{\"params\": {\"steps\": 1e999}}",
        b"{} {}",
    ];
    for body in bad {
        let problem = post_text(&gateway, body.to_vec())
            .await
            .expect_problem("malformed-json", 400);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("line 1 column"), "{detail}");
    }
}

#[tokio::test]
async fn what_is_json_and_wrong_is_pointed_at() {
    let gateway = TestGateway::new();
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let deep = format!(r#"{{"job_type":"run_simulation","params":{{"extra":{deep}}}}}"#);
    let cases: Vec<(&str, Vec<&str>)> = vec![
        ("null", vec![""]),
        ("[]", vec![""]),
        ("\"run_simulation\"", vec![""]),
        ("{}", vec!["/job_type", "/params"]),
        (r#"{"job_type": 1, "params": 2}"#, vec!["/job_type"]),
        (r#"{"job_type": null, "params": {}}"#, vec!["/job_type"]),
        (
            r#"{"job_type": "run_simulation", "params": []}"#,
            vec!["/params"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": null}"#,
            vec!["/params"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": "{}"}"#,
            vec!["/params"],
        ),
        (
            r#"{"job_type": "mine_bitcoin", "params": {}}"#,
            vec!["/job_type"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {"steps": -1}}"#,
            vec!["/params/steps"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {"steps": 1.5}}"#,
            vec!["/params/steps"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {"steps": 1}, "prams": 1, "x/y": 2}"#,
            vec!["/prams", "/x~1y"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {"steps": 1, "steps": 2}}"#,
            vec!["/params/steps"],
        ),
        (
            r#"{"job_type": "run_simulation", "job_type": "x", "params": {}}"#,
            vec!["/job_type"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {}, "idempotency_key": 5, "webhook_url": {}}"#,
            vec!["/idempotency_key", "/webhook_url"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {}, "idempotency_key": ""}"#,
            vec!["/idempotency_key"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {}, "webhook_url": "http://127.0.0.1/x"}"#,
            vec!["/webhook_url"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {}, "webhook_url": "file:///etc/passwd"}"#,
            vec!["/webhook_url"],
        ),
        (
            r#"{"job_type": "run_simulation", "params": {"runs": ["job_x"]}}"#,
            vec!["/params/runs/0"],
        ),
    ];
    for (body, pointers) in cases {
        let answer = post_text(&gateway, body.to_owned()).await;
        assert_eq!(answer.invalid_at(), pointers, "{body}: {}", answer.text());
    }
    let pointers = post_text(&gateway, deep).await.invalid_at();
    assert!(pointers[0].starts_with("/params/extra/0/0"), "{pointers:?}");
    assert!(gateway.jobs.all_jobs().is_empty());
}

#[tokio::test]
async fn nulls_are_as_good_as_absent() {
    let gateway = TestGateway::new();
    let mut body = with_field("idempotency_key", Value::Null);
    body["webhook_url"] = Value::Null;
    assert_eq!(gateway.post(PATH, &body).await.status, 202);
    assert_eq!(gateway.post(PATH, &body).await.status, 202);
    assert_eq!(gateway.jobs.all_jobs().len(), 2);
}

#[tokio::test]
async fn a_body_is_declared_as_json() {
    let gateway = TestGateway::new();
    for content_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        let request = request(Method::POST, PATH).header("content-type", content_type);
        let answer = gateway
            .send_with_key(request, simulation().to_string())
            .await;
        answer.expect_problem("unsupported-media-type", 415);
    }
    let compressed = request(Method::POST, PATH)
        .content_type("application/json")
        .header("content-encoding", "gzip");
    let answer = gateway
        .send_with_key(compressed, simulation().to_string())
        .await;
    answer.expect_problem("unsupported-media-type", 415);
    let utf8 = request(Method::POST, PATH).content_type("application/json; charset=UTF-8");
    assert_eq!(
        gateway
            .send_with_key(utf8, simulation().to_string())
            .await
            .status,
        202
    );
}

#[tokio::test]
async fn a_body_is_bounded_whatever_it_announces() {
    let gateway = TestGateway::new();
    let fitting = simulation().to_string();
    let fitting = fitting.clone() + &" ".repeat(MAX_BODY_BYTES - fitting.len());
    assert_eq!(post_text(&gateway, fitting.clone()).await.status, 202);
    post_text(&gateway, fitting.clone() + " ")
        .await
        .expect_problem("payload-too-large", 413);
    let lying = request(Method::POST, PATH)
        .content_type("application/json")
        .header("content-length", "10");
    let answer = gateway.send_with_key(lying, fitting + " ").await;
    answer.expect_problem("payload-too-large", 413);
    let announcing = request(Method::POST, PATH)
        .content_type("application/json")
        .header("content-length", (MAX_BODY_BYTES + 1).to_string());
    gateway
        .send_with_key(announcing, "{}")
        .await
        .expect_problem("payload-too-large", 413);
}

#[tokio::test]
async fn whoever_has_no_key_learns_nothing_of_the_body() {
    let gateway = TestGateway::new();
    let unknown = ApiKey::new(&"nobody".parse().unwrap(), [9; 32]);
    let big = "x".repeat(MAX_BODY_BYTES + 1);
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"job_type":"nope","params":{}}"#,
        &big,
    ] {
        for content_type in ["application/json", "text/plain"] {
            let bare = request(Method::POST, PATH).content_type(content_type);
            gateway
                .send(bare.body(body.to_owned()))
                .await
                .expect_problem("unauthorized", 401);
            let request = with_key(request(Method::POST, PATH), &unknown);
            let request = request.content_type(content_type).body(body.to_owned());
            gateway
                .send(request)
                .await
                .expect_problem("unauthorized", 401);
        }
    }
    let request = with_key(request(Method::POST, PATH), &unknown).content_type("application/json");
    let answer = gateway.send(request.body(simulation().to_string())).await;
    answer.expect_problem("unauthorized", 401);
    assert!(gateway.jobs.all_jobs().is_empty());
}

#[tokio::test]
async fn limits_of_admission_say_when_to_try_again() {
    let gateway = TestGateway::with_limits(AdmissionLimits {
        queued: 1000,
        active_of_user: Some(1),
    });
    gateway.submit().await;
    let answer = gateway.post(PATH, &simulation()).await;
    answer.expect_problem("too-many-active-jobs", 429);

    let gateway = TestGateway::with_limits(AdmissionLimits {
        queued: 1,
        active_of_user: None,
    });
    gateway.submit().await;
    gateway
        .post(PATH, &simulation())
        .await
        .expect_problem("backlog-full", 503);
}
