//! The HTTP client of a run. All that it asks is on this machine, without TLS.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

use crate::Outcome;

/// For requests that take as long as they take.
///
/// # Errors
/// Where the client library can't be set up.
pub(crate) fn client() -> Outcome<Client> {
    Ok(builder().build()?)
}

/// For requests that take no longer than this.
///
/// # Errors
/// As [`client`].
pub(crate) fn client_within(limit: Duration) -> Outcome<Client> {
    Ok(builder().timeout(limit).build()?)
}

fn builder() -> ClientBuilder {
    // Built beside the SDK, the library has TLS and wants to be told by whom; whoever told it
    // before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}
