//! A server that reads requests whole, keeps them, and answers as a test says. Or doesn't.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Of AWS Batch, such as `submitjob`; of others, such as `GetLogEvents`.
    pub(crate) action: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What becomes of a request once it was read.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An answer.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// An answer of which the last bytes are missing.
    CutShort(String),
    /// The connection is closed without a word.
    Drop,
    /// Nothing, for as long as the other side waits.
    Hang,
}

impl Reply {
    pub(crate) fn ok(body: &Value) -> Self {
        Self::answer(200, &body.to_string())
    }

    pub(crate) fn answer(status: u16, body: &str) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "message": message }).to_string();
        Self::answer(status, &body).with("x-amzn-errortype", code)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

#[derive(Clone)]
pub(crate) struct ScriptedAws {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ScriptedAws {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
        };
        let (asked, script): (_, Arc<Script>) = (server.asked.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, asked.clone(), script.clone()));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that was asked of this kind.
    pub(crate) fn asked(&self, action: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|asked| asked.action == action)
            .cloned()
            .collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// Serves one connection, request after request, until either side ends it.
async fn serve(connection: TcpStream, all: Arc<Mutex<Vec<Asked>>>, script: Arc<Script>) {
    let mut connection = BufReader::new(connection);
    while let Some(asked) = read_request(&mut connection).await {
        all.lock().unwrap().push(asked.clone());
        let written = match script(&asked) {
            Reply::Drop => return,
            Reply::Hang => return std::future::pending().await,
            Reply::CutShort(body) => {
                let whole = response(200, &[], &body);
                let _ = connection
                    .write_all(&whole.as_bytes()[..whole.len() - 5])
                    .await;
                return;
            }
            Reply::Answer {
                status,
                headers,
                body,
            } => {
                let whole = response(status, &headers, &body);
                connection.write_all(whole.as_bytes()).await
            }
        };
        if written.is_err() {
            return;
        }
    }
}

async fn read_request(connection: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        connection
            .read_line(&mut line)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let header = |wanted: &str| {
        lines.iter().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    let path = lines[0].split(' ').nth(1)?.to_owned();
    let target =
        header("x-amz-target").and_then(|target| target.split('.').nth(1).map(str::to_owned));
    Some(Asked {
        action: target.unwrap_or_else(|| path.trim_start_matches("/v1/").to_owned()),
        body: String::from_utf8(body).unwrap(),
    })
}

fn response(status: u16, headers: &[(&str, String)], body: &str) -> String {
    let mut head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}")
}
