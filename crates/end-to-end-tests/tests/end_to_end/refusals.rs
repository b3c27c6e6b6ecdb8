//! Bad input gets a clear answer and never a 5xx.

use serde_json::json;

use crate::gateway::{Installation, text};

#[test]
fn what_is_wrong_is_named() {
    let installation = Installation::new();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let simulation = |particles: i64| {
        json!({"job_type": "run_simulation", "params": {"simulation_config": {
            "mode": "open_chemistry",
            "config": {"num_particles": particles, "temperature": 300, "steps": 10},
        }}})
        .to_string()
    };

    let broken = api.post("/api/v1/jobs", "{\"job_type\": ", &[]);
    assert_eq!(
        broken.header("content-type"),
        Some("application/problem+json")
    );
    broken.expect(400);

    let negative = api.post("/api/v1/jobs", &simulation(-5), &[]).expect(422);
    assert_eq!(
        negative["errors"][0]["pointer"], "/params/simulation_config/config/num_particles",
        "{negative:#}"
    );

    let unknown = json!({"job_type": "make_coffee", "params": {}}).to_string();
    let unknown = api.post("/api/v1/jobs", &unknown, &[]).expect(422);
    assert_eq!(unknown["errors"][0]["pointer"], "/job_type");
    assert!(
        text(&unknown["errors"][0], "detail").contains("run_simulation"),
        "{unknown:#}"
    );

    let inside =
        simulation(100).replacen('{', "{\"webhook_url\": \"http://169.254.169.254/\", ", 1);
    let inside = api.post("/api/v1/jobs", &inside, &[]).expect(422);
    assert_eq!(inside["errors"][0]["pointer"], "/webhook_url");

    gateway
        .api("bw_00_wrong")
        .post("/api/v1/jobs", &simulation(-5), &[])
        .expect(401);
    api.get("/api/v1/jobs/job_unknown").expect(404);
    api.get("/api/v1/jobs?limit=0").expect(400);
    api.get("/nowhere").expect(404);
    assert!(
        api.get("/api/v1/jobs").expect(200)["jobs"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn links_open_what_they_were_made_for_and_nothing_else() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let witness = installation.path().join("witness");
    let id = api.submit("note", &json!({"text": "hello", "witness": witness}));
    let job = api.wait_for_status(&id, "completed");
    let url = text(&job, "result_url");
    assert_eq!(api.fetch(url).bytes, b"hello");

    let secret = url.replace("note.txt", "_batchway/try-1/gate.json");
    let outside = url.replace("note.txt", "..%2f..%2f..%2f..%2fsecret");
    let later = url.replace("expires=", "expires=9");
    for bad in [
        &secret,
        &outside,
        &later,
        &url.replace("signature=", "signature=A"),
    ] {
        assert_eq!(api.fetch(bad).status, 403, "{bad}");
    }
}
