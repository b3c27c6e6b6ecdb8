//! One key, one job.

use std::collections::BTreeSet;

use serde_json::json;

use crate::gateway::{Installation, text};

#[test]
fn fifty_clients_with_one_key_start_one_job() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let witness = installation.path().join("witness");
    let body = json!({"job_type": "note", "params": {"text": "x", "witness": witness}}).to_string();

    let clients: Vec<_> = (0..50)
        .map(|_| {
            let (api, body) = (gateway.api(&key), body.clone());
            std::thread::spawn(move || {
                let answer = api.post("/api/v1/jobs", &body, &[("idempotency-key", "same")]);
                let replayed = answer.header("idempotent-replayed") == Some("true");
                (answer.status, replayed, answer.json().to_string())
            })
        })
        .collect();
    let answers: Vec<_> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();

    let bodies: BTreeSet<&String> = answers.iter().map(|(_, _, body)| body).collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(
        answers.iter().filter(|(status, ..)| *status == 202).count(),
        1
    );
    assert!(
        answers
            .iter()
            .all(|(status, replayed, _)| *replayed == (*status == 200))
    );

    let api = gateway.api(&key);
    assert_eq!(
        api.get("/api/v1/jobs").expect(200)["jobs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let other = body.replace("\"x\"", "\"y\"");
    let refused = api
        .post("/api/v1/jobs", &other, &[("idempotency-key", "same")])
        .expect(422);
    assert!(text(&refused, "detail").contains("job_"), "{refused:#}");
}

#[test]
fn the_key_may_stand_in_the_body_and_must_then_agree_with_the_header() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let witness = installation.path().join("witness");
    let params = json!({"text": "x", "witness": witness});
    let body = json!({"job_type": "note", "params": params, "idempotency_key": "k"}).to_string();

    let first = api.post("/api/v1/jobs", &body, &[]);
    let location = first.header("location").unwrap().to_owned();
    let first = first.expect(202);
    assert_eq!(location, format!("/api/v1/jobs/{}", text(&first, "job_id")));
    assert_eq!(
        api.post("/api/v1/jobs", &body, &[("idempotency-key", "k")])
            .expect(200),
        first
    );
    let bare = json!({"params": params, "job_type": "note"}).to_string();
    assert_eq!(
        api.post("/api/v1/jobs", &bare, &[("idempotency-key", "k")])
            .expect(200),
        first
    );
    let both = api
        .post("/api/v1/jobs", &body, &[("idempotency-key", "other")])
        .expect(422);
    assert_eq!(both["errors"][0]["pointer"], "/idempotency_key");
}
