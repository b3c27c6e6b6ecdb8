//! A user's programs: requests with a key, to any replica.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::Outcome;

/// A cancel waits for up to 5 seconds; what takes longer has been lost.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// One user, with a key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: Client,
    key: String,
}

/// An answer, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) is_replay: bool,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A field of the body as text; empty where there is none.
    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Come again: nothing is wrong with the request.
    pub(crate) fn is_refused_for_now(&self) -> bool {
        matches!(self.status, 429 | 503)
    }
}

impl Caller {
    pub(crate) fn new(key: String) -> Outcome<Self> {
        let http = Client::builder()
            .timeout(REQUEST_LIMIT)
            .no_proxy()
            .build()?;
        Ok(Self { http, key })
    }

    pub(crate) async fn post(
        &self,
        at: SocketAddr,
        path: &str,
        body: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self
            .request(Method::POST, at, path)
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        read(request).await
    }

    pub(crate) async fn get(&self, at: SocketAddr, path: &str) -> Result<Answer, reqwest::Error> {
        read(self.request(Method::GET, at, path)).await
    }

    fn request(&self, method: Method, at: SocketAddr, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("http://{at}{path}"))
            .bearer_auth(&self.key)
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.send().await?;
    let header = |name| {
        let value = answer.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    Ok(Answer {
        status: answer.status().as_u16(),
        location: header("location"),
        is_replay: header("idempotent-replayed").as_deref() == Some("true"),
        body: answer.text().await?,
    })
}
