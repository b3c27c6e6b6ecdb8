//! Servers that say one thing, or nothing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Answers every request the same way; without an answer it takes connections and keeps silent.
pub(crate) struct Server {
    port: u16,
}

impl Server {
    pub(crate) fn silent() -> Self {
        Self::start(None)
    }

    /// `head`: the status, and headers, each line with its end.
    pub(crate) fn answering(head: &str, body: &str) -> Self {
        let length = body.len();
        Self::start(Some(format!(
            "HTTP/1.1 {head}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )))
    }

    fn start(answer: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // It ends with its test.
        thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                match &answer {
                    Some(answer) => tell(stream, answer),
                    None => kept.push(stream),
                }
            }
        });
        Self { port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// One read holds the small requests of these tests.
fn tell(mut stream: TcpStream, answer: &str) {
    let _read = stream.read(&mut [0; 16 * 1024]);
    // Who asked may have gone.
    let _written = stream.write_all(answer.as_bytes());
}
