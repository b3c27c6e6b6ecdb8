//! Reports to a gateway: what is sent, how often, and what the answers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use batchway_domain::runner::{RunnerReport, exit_codes, variables};

use crate::stage::{Stage, folder_of, job, until};

/// Answers every report alike, and passes it on.
struct Gateway {
    url: String,
    reports: Receiver<(String, RunnerReport)>,
}

impl Gateway {
    fn answering(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, reports) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream.unwrap(), status, body, &sender));
            }
        });
        Self { url, reports }
    }
}

fn serve(
    stream: TcpStream,
    status: &str,
    body: &str,
    reports: &Sender<(String, RunnerReport)>,
) -> Option<()> {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut output = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if input.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        assert!(head.starts_with("POST /api/v1/runner/reports HTTP/1.1\r\n"));
        let length = header("content-length").unwrap().parse().unwrap();
        let mut content = vec![0; length];
        input.read_exact(&mut content).unwrap();
        let report = serde_json::from_slice(&content).unwrap();
        let authorization = header("authorization").unwrap();
        // Told before it is answered: once it is, the runner may end, and the test go on.
        reports.send((authorization, report)).ok()?;
        let size = body.len();
        write!(
            output,
            "HTTP/1.1 {status}\r\ncontent-length: {size}\r\n\r\n{body}"
        )
        .ok()?;
    }
}

fn stage_for(url: &str) -> Stage {
    Stage::new()
        .with(variables::GATEWAY_URL, url)
        .with(variables::JOB_TOKEN, "the-token")
}

#[expect(clippy::disallowed_methods, reason = "the runner reports in real time")]
fn now() -> Instant {
    Instant::now()
}

/// Until the file `enough` is there.
const WAIT: &str = "while [ ! -e $STAGE/enough ]; do sleep 0.01; done";

#[test]
fn progress_is_reported_at_most_once_a_second_and_the_last_word_counts() {
    let gateway = Gateway::answering("200 OK", r#"{"stop": false}"#);
    let stage = stage_for(&gateway.url);
    let script = format!(
        r#"i=0; while [ $i -lt 30000 ]; do
            echo "{{\"progress\": 0.5, \"message\": \"step $i\"}}"; i=$((i + 1))
        done > $BATCHWAY_PROGRESS
        echo '{{"progress": 0.75}}' >> $BATCHWAY_PROGRESS
        touch $STAGE/started; {WAIT}"#
    );
    let begun = now();
    let running = stage.start(&script);
    let mut count = 0;
    loop {
        let (authorization, report) = gateway.reports.recv().unwrap();
        assert_eq!(authorization, "Bearer the-token");
        assert_eq!(
            (report.backend_id.0.as_str(), report.attempt),
            ("copy-1", 1)
        );
        count += 1;
        if report.progress == Some(0.75) {
            assert_eq!(report.message.as_deref(), Some("step 29999"));
            break;
        }
    }
    let seconds = begun.elapsed().as_secs();
    assert!(count <= seconds + 2, "{count} reports in {seconds} s");
    assert!(count < 10_000, "{count} reports of 30001 lines");
    std::fs::write(stage.path("enough"), "").unwrap();
    assert_eq!(running.wait(), 0);
    let heartbeat = stage.object(&folder_of(&job(1)).heartbeat(1));
    assert!(!heartbeat.exists(), "there is a way to the gateway");
}

#[test]
fn the_last_words_of_a_program_that_fails_at_once_are_told() {
    let gateway = Gateway::answering("200 OK", r#"{"stop": false}"#);
    let stage = stage_for(&gateway.url);
    let script =
        r#"echo '{"progress": 0.25, "message": "no such grid"}' > $BATCHWAY_PROGRESS; exit 3"#;
    assert_eq!(stage.exit_code(script), 3);
    let (_, last) = gateway.reports.try_iter().last().unwrap();
    assert_eq!(last.progress, Some(0.25));
    assert_eq!(last.message.as_deref(), Some("no such grid"));
}

#[test]
fn the_gateway_can_stop_the_program() {
    let order = r#"{"stop": true}"#;
    let by_gateway = exit_codes::STOPPED_BY_GATEWAY;
    for status in ["200 OK", "410 Gone"] {
        let gateway = Gateway::answering(status, order);
        let stage = stage_for(&gateway.url);
        assert_eq!(stage.exit_code("sleep 600"), by_gateway, "{status}");
        assert_eq!(stage.manifest(), None);
    }
}

#[test]
fn a_gateway_that_wants_no_reports_gets_no_more_and_the_work_goes_on() {
    for status in [
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "410 Gone",
    ] {
        let gateway = Gateway::answering(status, "{}");
        let stage = stage_for(&gateway.url);
        let script = format!("touch $STAGE/started; {WAIT}");
        let running = stage.start(&script);
        gateway.reports.recv().unwrap();
        let heartbeat = stage.object(&folder_of(&job(1)).heartbeat(1));
        until(|| heartbeat.exists());
        std::fs::write(stage.path("enough"), "").unwrap();
        assert_eq!(running.wait(), 0, "{status}");
        assert!(gateway.reports.try_recv().is_err(), "{status}");
    }
}

#[test]
fn without_a_gateway_signs_of_life_go_to_the_store() {
    // A port on which nobody listens, and one where nobody ever answers.
    let closed = "127.0.0.1:1";
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    for url in [format!("http://{closed}"), silent_url] {
        let stage = stage_for(&url);
        let script = format!("touch $STAGE/started; {WAIT}");
        let running = stage.start(&script);
        let heartbeat = stage.object(&folder_of(&job(1)).heartbeat(1));
        until(|| heartbeat.exists());
        let report: RunnerReport =
            serde_json::from_slice(&std::fs::read(&heartbeat).unwrap()).unwrap();
        assert_eq!(report.backend_id.0, "copy-1");
        std::fs::write(stage.path("enough"), "").unwrap();
        assert_eq!(running.wait(), 0, "{url}");
    }
}
