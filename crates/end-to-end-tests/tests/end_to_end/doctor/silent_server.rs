//! Servers that say one thing, or nothing.

use std::io::{BufRead, BufReader, Read, Write};
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

/// Once the whole request is there: a connection that is closed with something unread is reset, and
/// the answer lost.
fn tell(mut stream: TcpStream, answer: &str) {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    for line in reader.by_ref().lines().map_while(Result::ok) {
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        } else if line.is_empty() {
            break;
        }
    }
    // Who asked may have gone.
    let _read = reader.read_exact(&mut vec![0; length]);
    let _written = stream.write_all(answer.as_bytes());
}
