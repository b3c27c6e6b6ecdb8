//! A user's programs: requests with a key, to any replica.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::Outcome;
use crate::http;

/// A cancel waits for up to 5 seconds; what takes longer has been lost.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// One user, with a key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    http: Client,
    key: String,
}

/// A request, which can be sent more than once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    /// Of a POST.
    pub(crate) body: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self {
            path,
            body: None,
            idempotency_key: None,
        }
    }

    /// POST without a body.
    pub(crate) fn post(path: &'a str) -> Self {
        Self {
            body: Some(""),
            ..Self::get(path)
        }
    }

    /// POST of a job.
    pub(crate) fn job(body: &'a str, idempotency_key: &'a str) -> Self {
        Self {
            path: "/api/v1/jobs",
            body: Some(body),
            idempotency_key: Some(idempotency_key),
        }
    }
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
        let http = http::client_within(REQUEST_LIMIT)?;
        Ok(Self { http, key })
    }

    /// Asks once.
    pub(crate) async fn ask(
        &self,
        at: SocketAddr,
        request: &Request<'_>,
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("http://{at}{}", request.path);
        let method = match request.body {
            Some(_) => Method::POST,
            None => Method::GET,
        };
        let mut asked = self.http.request(method, url).bearer_auth(&self.key);
        if let Some(body) = request.body {
            asked = asked
                .header("content-type", "application/json")
                .body(body.to_owned());
        }
        if let Some(key) = request.idempotency_key {
            asked = asked.header("idempotency-key", key);
        }
        read(asked).await
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
