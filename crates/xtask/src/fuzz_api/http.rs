//! As much of HTTP as it takes to prepare a gateway for its test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// The API with a caller's key.
pub(super) struct Api<'a> {
    pub(super) address: SocketAddr,
    pub(super) key: &'a str,
}

impl Api<'_> {
    pub(super) fn get(&self, path: &str) -> Outcome<Value> {
        self.exchange(&format!("GET {path}"), "")
    }

    pub(super) fn post(&self, path: &str, body: &str) -> Outcome<Value> {
        self.exchange(&format!("POST {path}"), body)
    }

    /// The JSON of an answer that is a success.
    fn exchange(&self, asked: &str, body: &str) -> Outcome<Value> {
        let answer = self
            .send(asked, body)
            .map_err(|error| Failure::because(format!("{asked}: {error}")))?;
        let (head, content) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let is_success = head
            .split_whitespace()
            .nth(1)
            .is_some_and(|status| status.starts_with('2'));
        match serde_json::from_str(content) {
            Ok(json) if is_success => Ok(json),
            _ => Err(Failure::because(format!("{asked} was answered:\n{answer}"))),
        }
    }

    /// HTTP/1.0, as then the end of the answer is the end of the connection.
    fn send(&self, asked: &str, body: &str) -> std::io::Result<String> {
        let mut connection = TcpStream::connect(self.address)?;
        let (address, key, length) = (self.address, self.key, body.len());
        write!(
            connection,
            "{asked} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
