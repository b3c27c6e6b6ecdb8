//! Callers that wait for each answer before they ask again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Outcome;

/// Between the head of a message and its body.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// What one measurement gave.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

/// Writes the request of this number, whole.
pub(crate) type Request = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Has so many callers ask as fast as they are answered.
pub(crate) async fn during(
    port: u16,
    connections: u64,
    span: Duration,
    status: u16,
    request: &Request,
) -> Outcome<Measured> {
    let began = Instant::now();
    let until = move |_asked: u64| began.elapsed() < span;
    let latencies = run(port, connections, status, request, until).await?;
    Ok(measured(latencies, began.elapsed()))
}

/// Has so many callers ask until this many requests were made by all together.
pub(crate) async fn times(
    port: u16,
    connections: u64,
    total: u64,
    status: u16,
    request: &Request,
) -> Outcome<Measured> {
    let began = Instant::now();
    let each = total.div_ceil(connections);
    let latencies = run(port, connections, status, request, move |asked| {
        asked < each
    })
    .await?;
    Ok(measured(latencies, began.elapsed()))
}

async fn run(
    port: u16,
    connections: u64,
    status: u16,
    request: &Request,
    goes_on: impl Fn(u64) -> bool + Clone + Send + 'static,
) -> Outcome<Vec<Duration>> {
    let mut callers = JoinSet::new();
    for caller in 0..connections {
        let (request, goes_on) = (request.clone(), goes_on.clone());
        callers.spawn(async move {
            let mut connection = Connection::open(port).await?;
            let mut latencies = Vec::new();
            let mut asked = 0;
            while goes_on(asked) {
                // No two callers ever make the same request.
                let bytes = request(asked * connections + caller);
                let sent = Instant::now();
                connection.ask(&bytes, status).await?;
                latencies.push(sent.elapsed());
                asked += 1;
            }
            Outcome::Ok(latencies)
        });
    }
    let mut all = Vec::new();
    while let Some(latencies) = callers.join_next().await {
        all.extend(latencies??);
    }
    Ok(all)
}

fn measured(mut latencies: Vec<Duration>, took: Duration) -> Measured {
    latencies.sort_unstable();
    let at = |part: usize| {
        let index = latencies.len() * part / 100;
        latencies.get(index).copied().unwrap_or_default()
    };
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
    let requests = latencies.len() as f64;
    Measured {
        per_second: requests / took.as_secs_f64(),
        median: at(50),
        p99: at(99),
    }
}

/// Posts one job and answers its id.
pub(crate) async fn submit(port: u16, key: &str, body: &str) -> Outcome<String> {
    let mut connection = Connection::open(port).await?;
    connection.ask(&post_request(key, body), 202).await?;
    let start = find(&connection.buffer, HEAD_END).map_or(0, |end| end + HEAD_END.len());
    let posted: serde_json::Value = serde_json::from_slice(&connection.buffer[start..])?;
    let id = posted["job_id"].as_str().ok_or("no id was answered")?;
    Ok(id.to_owned())
}

/// A POST of a job, whole.
pub(crate) fn post_request(key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/jobs HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A connection that is kept.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Reads the answer whole. All answers that are measured say their length.
    async fn ask(&mut self, request: &[u8], status: u16) -> Outcome {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            self.read_some().await?;
            if let Some(end) = find(&self.buffer, HEAD_END) {
                let head = std::str::from_utf8(&self.buffer[..end])?.to_ascii_lowercase();
                let length = content_length(&head).ok_or("an answer does not say its length")?;
                break (head, end + HEAD_END.len() + length);
            }
        };
        while self.buffer.len() < length {
            self.read_some().await?;
        }
        if head.split(' ').nth(1) == Some(&status.to_string()) {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&self.buffer);
        Err(format!("{status} was expected, and not\n{answer}").into())
    }

    async fn read_some(&mut self) -> Outcome {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn content_length(head: &str) -> Option<usize> {
    let value = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length:"))?;
    value.trim().parse().ok()
}
