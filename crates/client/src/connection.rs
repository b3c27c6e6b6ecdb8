//! How a client comes to be: its gateway, its key, and TLS.

use std::sync::Arc;
use std::time::Duration;

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use rustls::{ClientConfig, RootCertStore};

use crate::generated::Client;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the longest wait that the gateway offers.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(90);

/// What a client shows to the gateway with each call. Never printed.
#[derive(Clone, Debug)]
pub struct Authorization(HeaderValue);

impl Authorization {
    /// An API key, such as `bw_…`.
    ///
    /// # Errors
    /// [`ConnectionError::UnusableKey`] if it can't be sent in a header.
    pub fn bearer(api_key: &str) -> Result<Self, ConnectionError> {
        let mut value = HeaderValue::try_from(format!("Bearer {api_key}"))
            .map_err(|_| ConnectionError::UnusableKey)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

/// Why there is no client. Nothing has been sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The address is not an HTTP URL.
    #[error("{url:?} is not the URL of a gateway, such as http://127.0.0.1:8000")]
    InvalidUrl {
        /// As it was given.
        url: String,
    },
    /// The key has characters that no key has.
    #[error("the API key can't be sent in a header: was it copied whole, without line ends?")]
    UnusableKey,
    /// TLS can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client can't be set up.
    #[error("the HTTP client can't be set up")]
    Http(#[from] reqwest::Error),
}

impl Client {
    /// A client of the gateway at a URL, such as `http://127.0.0.1:8000`, with an API key.
    ///
    /// It connects within 10 seconds, bears a silence of 90 seconds, follows no redirects, and
    /// keeps connections: make one and clone it. With other terms: `Client::new_with_client`.
    ///
    /// # Errors
    /// [`ConnectionError`] if the URL or the key can't be used, or TLS can't be set up.
    pub fn new(url: &str, api_key: &str) -> Result<Self, ConnectionError> {
        let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
        if !Url::parse(url).as_ref().is_ok_and(is_http) {
            let url = url.to_owned();
            return Err(ConnectionError::InvalidUrl { url });
        }
        let authorization = Authorization::bearer(api_key)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("batchway-client/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self::new_with_client(
            url.trim_end_matches('/'),
            http,
            authorization,
        ))
    }
}

/// Trust in the authorities of the system; where it has none, in those that browsers trust.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if authorities.is_empty() {
        let of_browsers = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
        authorities.add_parsable_certificates(of_browsers);
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(config)
}

impl ClientHooks<Authorization> for Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _operation: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        let Authorization(value) = self.inner();
        request.headers_mut().insert(AUTHORIZATION, value.clone());
        Ok(())
    }
}
