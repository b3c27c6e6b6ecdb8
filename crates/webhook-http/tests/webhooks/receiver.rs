//! A receiver that really listens, and does what a test says.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One step of what a receiver does with a connection. After the last it closes it.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Reads one request.
    Reads,
    Sends(Vec<u8>),
    /// Sends it again and again, until nobody reads any more.
    Repeats(Vec<u8>),
    /// Sends a byte every few milliseconds, and begins anew at the end.
    Drips(Vec<u8>),
    /// Does nothing until the other side closes the connection.
    Holds,
}

impl Act {
    pub(crate) fn sends(text: &str) -> Self {
        Self::Sends(text.replace('\n', "\r\n").into_bytes())
    }
}

/// One that reads and answers this head, without a body.
pub(crate) fn answers(head: &str) -> Vec<Act> {
    let answer = format!("HTTP/1.1 {head}\ncontent-length: 0\n\n");
    vec![Act::Reads, Act::sends(&answer)]
}

/// What came to a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) request_line: String,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut named = self.headers.iter().filter(|(one, _)| one == name);
        let (_, value) = named.next().unwrap_or_else(|| panic!("no header {name}"));
        assert_eq!(named.next(), None, "{name} comes once");
        value
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        Self::start_at("127.0.0.1:0", acts, None).await
    }

    pub(crate) async fn start_at(address: &str, acts: Vec<Act>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self {
            address,
            received: Arc::default(),
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (serving, acts, tls) = (serving.clone(), acts.clone(), tls.clone());
                tokio::spawn(async move {
                    // The other side may end it at any time.
                    let _ended = match tls {
                        None => serving.serve(stream, acts).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serving.serve(stream, acts).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        receiver
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        acts: Vec<Act>,
    ) -> io::Result<()> {
        for act in acts {
            match act {
                Act::Reads => {
                    let request = read_request(&mut stream).await?;
                    self.received.lock().unwrap().push(request);
                }
                Act::Sends(bytes) => stream.write_all(&bytes).await?,
                Act::Repeats(bytes) => loop {
                    stream.write_all(&bytes).await?;
                },
                Act::Drips(bytes) => {
                    for byte in bytes.iter().cycle() {
                        stream.write_all(&[*byte]).await?;
                        stream.flush().await?;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
                Act::Holds => while stream.read(&mut [0; 1024]).await? > 0 {},
            }
            stream.flush().await?;
        }
        stream.shutdown().await
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
    let request_line = lines.next().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        })
        .collect();
    let mut received = Received {
        request_line,
        headers,
        body: Vec::new(),
    };
    let length = received.header("content-length").parse().unwrap();
    received.body.resize(length, 0);
    stream.read_exact(&mut received.body).await?;
    Ok(received)
}
