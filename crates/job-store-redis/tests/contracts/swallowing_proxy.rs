//! A way to the server on which replies get lost.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Passes everything on, but for a reply that is to be lost: what was asked is done, the reply is
/// swallowed, and the connection breaks.
#[derive(Debug)]
pub(crate) struct SwallowingProxy {
    port: u16,
    doomed: Arc<Mutex<Option<&'static str>>>,
}

impl SwallowingProxy {
    pub(crate) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let doomed = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&doomed);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Self { port, doomed }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The reply to the next request that has this word in it will be lost.
    pub(crate) fn lose_reply_to(&self, word: &'static str) {
        *self.doomed.lock().unwrap() = Some(word);
    }

    /// Whether one was lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.doomed.lock().unwrap().is_none()
    }
}

async fn pass(
    mut client: TcpStream,
    server: u16,
    doomed: Arc<Mutex<Option<&'static str>>>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_doomed = false;
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                is_doomed |= doomed.lock().unwrap().is_some_and(|word| has(&asked[..count], word));
                server.write_all(&asked[..count]).await?;
            }
            count = server.read(&mut answered) => {
                let count = count?;
                let is_lost = is_doomed && doomed.lock().unwrap().take().is_some();
                if count == 0 || is_lost {
                    return Ok(());
                }
                client.write_all(&answered[..count]).await?;
            }
        }
    }
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}
