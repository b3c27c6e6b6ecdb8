//! An image that knows nothing of the runner: the user's own.

use serde_json::json;

use super::stack::Stack;
use crate::gateway::text;

/// What the image's own program does: it says what it finds in its environment, and uploads that
/// by itself (moto looks at no signatures).
const PROGRAM: &str = r#"
seen="$(printf '%s\n' "$JOB_ID" "$USER_ID" "$S3_BUCKET" "$ENV" "$JOB_PARAMS"; env)"
host_and_port="${AWS_ENDPOINT_URL#http://}"
exec 3<>"/dev/tcp/${host_and_port%:*}/${host_and_port#*:}"
printf 'PUT /%s/%s/%s/%s/results.h5 HTTP/1.1\r\nHost: s3\r\nAuthorization: AWS4-HMAC-SHA256 Credential=job/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
  "$S3_BUCKET" "$ENV" "$USER_ID" "$JOB_ID" "${#seen}" "$seen" >&3
head -1 <&3 | grep 200
"#;

#[test]
fn an_image_without_the_runner_works_with_the_variables_it_always_had() {
    let stack = Stack::with_job_types(include_str!("../../../../gateway/examples/own-image.toml"));
    stack.define("debian:bookworm-slim", &["bash", "-c", PROGRAM]);
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let api = gateway.api(&key);
    let params = json!({"simulation_config": {"mode": "open_chemistry", "config": {
        "num_particles": 10, "temperature": 300, "steps": 100,
    }}});
    let id = api.submit("run_simulation", &params);
    let job = api.wait_for_status(&id, "completed");
    let written = api.fetch(text(&job, "result_url"));
    let seen = String::from_utf8(written.bytes).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    let bucket = stack.bucket();
    assert_eq!(lines[..4], [&id, "user123", bucket, "prod"], "{seen}");
    let sent: serde_json::Value = serde_json::from_str(lines[4]).unwrap();
    assert_eq!(sent, params, "JOB_PARAMS is the whole params, as JSON");
    assert!(
        !seen.contains("BATCHWAY_"),
        "nothing of ours that it has no use for: {seen}"
    );
}
