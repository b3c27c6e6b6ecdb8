//! There is nothing to try: no gateway, or no configuration.

use super::findings::{Findings, STEPS};
use super::{QUICK, simulating_by};
use crate::program::Installation;

/// Nothing listens on port 1.
const NOBODY: &str = "http://127.0.0.1:1";
/// Nor on port 2.
const NO_PROXY: &str = "http://127.0.0.1:2";

#[test]
fn where_no_gateway_answers_that_is_said_and_nothing_is_made() {
    let installation = Installation::new(&[("BATCHWAY_LISTEN", "127.0.0.1:1")]);
    let findings = Findings::of(&installation, &[]);
    findings.expect_failure("gateway", NOBODY, "batchway serve");
    assert_eq!(findings.ids_with("skipped"), STEPS[1..10]);
    assert_eq!(findings.expect("wait", "skipped"), "gateway failed");
    assert!(!installation.path().join("data").exists());
}

#[test]
fn a_proxy_that_is_missing_is_told_from_a_gateway_that_is() {
    let installation = simulating_by(QUICK)
        .set("BATCHWAY_PUBLIC_URL", NO_PROXY)
        .set("BATCHWAY_LISTEN", "127.0.0.1:1");
    let alone = Findings::of(&installation, &[]);
    alone.expect_failure("gateway", NO_PROXY, "start the gateway");

    let gateway = installation.serve();
    let address = gateway.url().trim_start_matches("http://").to_owned();
    let behind = installation.set("BATCHWAY_LISTEN", &address);
    let mend = format!("the gateway itself answers at http://{address}");
    Findings::of(&behind, &[]).expect_failure("gateway", NO_PROXY, &mend);
}

#[test]
fn what_is_no_gateway_is_told_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].starts_with(b"GET /readyz"));
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let findings = Findings::of(&Installation::new(&[]), &["--url", &url]);
    server.join().unwrap();
    findings.expect_failure("gateway", "404", "proxy");
}

#[test]
fn what_can_not_be_used_ends_with_2_and_says_what() {
    let key = "hunter2\u{e9}\nhunter2";
    for (variables, arguments, told) in [
        (
            &[("AWS_BATCH_JOB_QUEUE", "live2-job-queue")][..],
            &[][..],
            "AWS_BATCH_JOB_DEFINITION",
        ),
        (&[("BATCHWAY_LISTEN", "8000")], &[], "BATCHWAY_LISTEN"),
        (&[("BATCHWAY_LISTEN", "127.0.0.1:0")], &[], "--url"),
        (&[("BATCHWAY_API_KEY", key)], &[], "API key"),
        (&[], &["--url", "jobs.example.org"], "jobs.example.org"),
        (&[], &["--timeout", "soon"], "--timeout"),
        (&[], &["--timeout", "2d"], "--timeout"),
        (&[], &["--fly"], "--fly"),
    ] {
        let arguments = [&["smoke"], arguments].concat();
        let output = Installation::new(variables).run(&arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(told) && !said.contains("hunter2"), "{said}");
    }
}
