//! A request as it comes to a receiver.

use std::io;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;

/// No request of a gateway comes near it.
const LARGEST: u64 = 256 * 1024;

/// One request, read whole.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads it.
    ///
    /// # Errors
    /// Where it is none, or its sender goes away before its end.
    pub(super) async fn read(connection: &mut TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(connection.take(LARGEST));
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let path = line.strip_prefix("POST ").and_then(|rest| {
            let (path, _) = rest.split_once(' ')?;
            Some(path.to_owned())
        });
        let path = path.ok_or_else(|| odd(&line))?;
        let mut headers = HeaderMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line).await?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| odd(name))?;
            let value = HeaderValue::from_str(value.trim()).map_err(|_| odd(value))?;
            headers.insert(name, value);
        }
        let length = headers.get("content-length").and_then(|value| {
            let text = value.to_str().ok()?;
            text.parse().ok()
        });
        let mut body = vec![
            0;
            length
                .filter(|length| *length as u64 <= LARGEST)
                .unwrap_or(0)
        ];
        reader.read_exact(&mut body).await?;
        Ok(Self {
            path,
            headers,
            body,
        })
    }

    /// A header as text; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn odd(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not understood: {what:?}"),
    )
}
