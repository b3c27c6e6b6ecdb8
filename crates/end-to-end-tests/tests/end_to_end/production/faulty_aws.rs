//! AWS on a bad day: a proxy before moto that answers some calls itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy on a port of its own, for as long as the test runs.
pub(crate) struct FaultyAws {
    port: u16,
    faults: Arc<Mutex<Vec<Fault>>>,
}

/// What is answered instead of what was asked for.
#[derive(Clone)]
pub(crate) struct Fault {
    /// The beginning of the path, such as `/v1/terminatejob`.
    pub(crate) path: &'static str,
    /// HTTP status.
    pub(crate) status: u16,
    /// AWS's code of the error, as in the header `x-amzn-errortype`.
    pub(crate) code: &'static str,
}

impl FaultyAws {
    pub(crate) fn before(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults = Arc::new(Mutex::new(Vec::new()));
        let shared = faults.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let faults = shared.clone();
                // A client that goes away ends its own thread, and nothing else.
                thread::spawn(move || drop(serve(client, upstream, &faults)));
            }
        });
        Self { port, faults }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on, these calls fail.
    pub(crate) fn fail(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    /// From now on, nothing fails.
    pub(crate) fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }
}

/// One request, whose answer ends the connection.
fn serve(client: TcpStream, upstream: u16, faults: &Mutex<Vec<Fault>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" || line.is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push(line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = head
        .first()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default()
        .to_owned();
    let fault = faults
        .lock()
        .unwrap()
        .iter()
        .find(|fault| path.starts_with(fault.path))
        .cloned();
    match fault {
        Some(fault) => refuse(client, &fault),
        None => forward(client, upstream, &head, &body),
    }
}

fn refuse(mut client: TcpStream, fault: &Fault) -> std::io::Result<()> {
    let body = format!(
        r#"{{"message": "a test says {code}", "code": "{code}"}}"#,
        code = fault.code
    );
    write!(
        client,
        "HTTP/1.1 {} Fault\r\nx-amzn-errortype: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        fault.status,
        fault.code,
        body.len()
    )
}

fn forward(
    mut client: TcpStream,
    upstream: u16,
    head: &[String],
    body: &[u8],
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    server.write_all(head.concat().as_bytes())?;
    server.write_all(b"connection: close\r\n\r\n")?;
    server.write_all(body)?;
    std::io::copy(&mut server, &mut client)?;
    Ok(())
}
