//! A server that gives the answers it was told to give, one a request, and then none.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers on a port of this machine until it is dropped.
pub(crate) struct Canned {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Canned {
    /// Answers with these statuses and bodies, in turn. To what comes after, it listens and says
    /// nothing.
    pub(crate) async fn answering(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<(u16, String)> = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        let server = tokio::spawn(serve(listener, answers, Arc::clone(&asked)));
        Self {
            address,
            asked,
            server,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// The bodies of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, answers: Vec<(u16, String)>, asked: Arc<Mutex<Vec<String>>>) {
    let mut answers = answers.into_iter();
    let mut kept = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = request_body(&mut stream).await;
        asked.lock().unwrap().push(body);
        match answers.next() {
            Some((status, body)) => {
                let answer = format!(
                    "HTTP/1.1 {status} Canned\r\nContent-Type: application/x-amz-json-1.0\r\n\
                     Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            None => kept.push(stream),
        }
    }
}

async fn request_body(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        request.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next());
            if body.len() >= length.unwrap().parse().unwrap() {
                return body.to_owned();
            }
        }
        assert_ne!(count, 0, "the request ends early: {text}");
    }
}
