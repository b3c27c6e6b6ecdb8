use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::ports::{JobMirror, MirrorError, MirrorRow};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use tokio::time::timeout;

use crate::answer::Answer;
use crate::client::{self, HttpClient};
use crate::{SupabaseConfig, body};

/// The whole exchange.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// The most that is read of an answer; PostgREST's take some hundred bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Requests that look like a browser's may not use a secret key.
const AGENT: &str = concat!("Batchway/", env!("CARGO_PKG_VERSION"));

/// A row that is there is changed where it differs; nothing is sent back.
const PREFERENCES: &str = "resolution=merge-duplicates,return=minimal";

/// Writes jobs to a table of Supabase.
#[derive(Clone, Debug)]
pub struct SupabaseMirror {
    config: SupabaseConfig,
    client: HttpClient,
    time_limit: Duration,
}

impl SupabaseMirror {
    /// Writes to the table that is configured. Connects when there is something to write.
    pub fn new(config: SupabaseConfig) -> Self {
        Self {
            config,
            client: client::new(),
            time_limit: TIME_LIMIT,
        }
    }

    /// With another limit for each request than 15 s.
    #[must_use]
    pub fn within(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    fn request(&self, rows: &[MirrorRow]) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body::of_rows(rows)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.config.endpoint().clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert("prefer", HeaderValue::from_static(PREFERENCES));
        headers.insert("apikey", self.config.key().clone());
        if let Some(bearer) = self.config.bearer() {
            headers.insert(AUTHORIZATION, bearer.clone());
        }
        request
    }

    async fn exchange(&self, rows: &[MirrorRow]) -> Result<Answer, MirrorError> {
        let response = self.client.request(self.request(rows)).await;
        let response = response.map_err(|error| {
            let what = match error.is_connect() {
                true => "can't be reached",
                false => "closed the connection without an answer",
            };
            self.unavailable(what, Some(error.into()))
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await;
        let body =
            body.map_err(|error| self.unavailable("did not finish its answer", Some(error)))?;
        Ok(Answer::new(&head, &body.to_bytes()))
    }

    fn unavailable(&self, what: &str, source: Option<Box<dyn Error + Send + Sync>>) -> MirrorError {
        MirrorError::Unavailable {
            reason: format!("Supabase at {} {what}", self.config.host()),
            retry_after: None,
            source,
        }
    }
}

#[async_trait]
impl JobMirror for SupabaseMirror {
    async fn upsert(&self, rows: &[MirrorRow]) -> Result<(), MirrorError> {
        if rows.is_empty() {
            return Ok(());
        }
        match timeout(self.time_limit, self.exchange(rows)).await {
            Ok(answer) => answer?.judged(&self.config),
            Err(_) => {
                let seconds = self.time_limit.as_secs_f64();
                Err(self.unavailable(&format!("did not answer within {seconds} s"), None))
            }
        }
    }
}
