//! The way to the server, on which a test may lose replies, answer in the server's place, and
//! look at what is sent.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Passes everything on, until told otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    inner: SharedHttpClient,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<(Sort, Fault)>,
    sent: Vec<Sent>,
    redirect: Option<(&'static str, String)>,
}

/// Requests by their method and a part of their URL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sort(pub(crate) &'static str, pub(crate) &'static str);

#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The server gets the request and nobody its reply.
    LoseReply,
    /// The server does not get the request.
    Answer(Answer),
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) url: String,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// A refusal as S3 writes it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>{message}</Message><RequestId>1</RequestId></Error>"
            ),
        }
    }

    /// As to `HEAD`.
    pub(crate) fn bare(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self {
            inner: aws_smithy_http_client::Builder::new().build_http(),
            plan: Arc::default(),
        }
    }

    /// The next request of this sort meets this fault; each fault strikes once.
    pub(crate) fn next(&self, sort: Sort, fault: Fault) {
        self.plan().faults.push((sort, fault));
    }

    /// What is for hosts under `domain` goes to `address`, and does not know it.
    pub(crate) fn redirect(&self, domain: &'static str, address: String) {
        self.plan().redirect = Some((domain, address));
    }

    /// All requests of this sort.
    pub(crate) fn sent(&self, sort: Sort) -> Vec<Sent> {
        let plan = self.plan();
        let sent = plan.sent.iter();
        sent.filter(|sent| sort.holds(&sent.method, &sent.url))
            .cloned()
            .collect()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    fn strike(&self, request: &HttpRequest) -> Option<Fault> {
        let (method, url) = (request.method(), request.uri());
        let mut plan = self.plan();
        let headers = request.headers().iter();
        plan.sent.push(Sent {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        });
        let struck = plan
            .faults
            .iter()
            .position(|(sort, _)| sort.holds(method, url));
        struck.map(|index| plan.faults.remove(index).1)
    }

    fn redirected(&self, mut request: HttpRequest) -> HttpRequest {
        let Some((domain, address)) = self.plan().redirect.clone() else {
            return request;
        };
        let (_, rest) = request.uri().split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        assert!(host.ends_with(domain), "{host}");
        let (host, moved) = (host.to_owned(), format!("{address}/{path}"));
        request.headers_mut().insert("host", host);
        request.set_uri(moved).unwrap();
        request
    }
}

impl Sort {
    fn holds(self, method: &str, url: &str) -> bool {
        self.0 == method && url.contains(self.1)
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connection {
            wire: self.clone(),
            inner: self.inner.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct Connection {
    wire: Wire,
    inner: SharedHttpConnector,
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.wire.strike(&request) {
            None => self.inner.call(self.wire.redirected(request)),
            Some(Fault::Answer(answer)) => HttpConnectorFuture::ready(Ok(replied(answer))),
            Some(Fault::LoseReply) => {
                let call = self.inner.call(self.wire.redirected(request));
                HttpConnectorFuture::new(async move {
                    drop(call.await);
                    let lost = io::Error::from(io::ErrorKind::ConnectionReset);
                    Err(ConnectorError::io(lost.into()))
                })
            }
        }
    }
}

fn replied(answer: Answer) -> HttpResponse {
    let status = answer.status.try_into().unwrap();
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value);
    }
    response
}
