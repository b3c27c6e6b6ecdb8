//! A proxy that meddles with what goes through it, request by request.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// What becomes of an answer, by the first line of its request. Called once the answer is there.
type Meddling = dyn Fn(&str) -> Answer + Send + Sync;

pub(super) enum Answer {
    PassedOn,
    Lost,
}

/// A proxy before a gateway, until the test ends.
pub(super) struct Meddler {
    url: String,
}

impl Meddler {
    pub(super) fn before(
        gateway: &str,
        meddle: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gateway = gateway.trim_start_matches("http://").to_owned();
        let meddle: Arc<Meddling> = Arc::new(meddle);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (gateway, meddle) = (gateway.clone(), meddle.clone());
                // Whoever goes away while it is served ends nothing but this thread.
                thread::spawn(move || serve(client, &gateway, &*meddle));
            }
        });
        Self { url }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// One request on each connection.
fn serve(mut client: TcpStream, gateway: &str, meddle: &Meddling) -> std::io::Result<()> {
    let Some((head, body)) = read_request(&mut client)? else {
        return Ok(());
    };
    let (first, fields) = head.split_once("\r\n").unwrap();
    let mut upstream = TcpStream::connect(gateway)?;
    upstream.write_all(format!("{first}\r\nconnection: close\r\n{fields}").as_bytes())?;
    upstream.write_all(&body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    match meddle(first) {
        Answer::PassedOn => client.write_all(&answer),
        Answer::Lost => Ok(()),
    }
}

/// Its head with the empty line, and its body; `None` where the client went away.
fn read_request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    Ok(Some((head, body)))
}
