//! Who takes webhooks, in the test's own process.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::gateway::{PATIENCE, wait_for};

/// Listens for as long as the test lives.
#[derive(Clone)]
pub(crate) struct Receiver(Arc<Shared>);

struct Shared {
    url: String,
    is_up: AtomicBool,
    received: Mutex<Vec<Received>>,
}

/// A request that was answered with 204.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self(Arc::new(Shared {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            is_up: AtomicBool::new(true),
            received: Mutex::default(),
        }));
        let serving = receiver.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A gateway that was killed meanwhile sends it again; a stranger is not heard.
                let _ = serving.take(connection);
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// While it is down it closes every connection without a word.
    pub(crate) fn set_up(&self, is_up: bool) {
        self.0.is_up.store(is_up, Ordering::Release);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.0.received.lock().unwrap().clone()
    }

    /// What came, once so many requests did.
    pub(crate) fn wait_for(&self, number: usize) -> Vec<Received> {
        wait_for(&format!("{number} webhooks"), || {
            let received = self.received();
            (received.len() >= number).then_some(received)
        })
    }

    fn take(&self, mut connection: TcpStream) -> io::Result<()> {
        if !self.0.is_up.load(Ordering::Acquire) {
            return Ok(());
        }
        connection.set_read_timeout(Some(PATIENCE))?;
        let received = read(&connection)?;
        self.0.received.lock().unwrap().push(received);
        connection.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    }
}

fn read(connection: &TcpStream) -> io::Result<Received> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line != "POST /hook HTTP/1.1\r\n" {
        // A job of another test may still report to a gateway that was on this port.
        return Err(io::Error::new(io::ErrorKind::InvalidData, line));
    }
    let mut headers = BTreeMap::new();
    for line in reader.by_ref().lines() {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body)?;
    Ok(Received {
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
