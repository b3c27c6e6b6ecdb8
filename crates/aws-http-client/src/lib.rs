//! # The HTTP client that the AWS SDK is given
//!
//! For each program that speaks to AWS: TLS with the cryptography of ring, and trust in the
//! authorities of the system. Many a small image has none; then in those that browsers trust, so
//! that the program needs nothing installed beside it.
#![warn(missing_docs)]

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector};
use data_encoding::BASE64;

/// A client for HTTPS and HTTP, without time limits of its own: those are the SDK's. Where the
/// system keeps its authorities may be said by `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub fn https_client() -> SharedHttpClient {
    Builder::new()
        .tls_provider(RING)
        .tls_context(trust_in(authorities()))
        .build_https()
}

/// The same for requests that are made without the SDK, and without time limits either.
pub fn https_connector() -> SharedHttpConnector {
    SharedHttpConnector::new(
        Connector::builder()
            .tls_provider(RING)
            .tls_context(trust_in(authorities()))
            .build(),
    )
}

const RING: Provider = Provider::Rustls(CryptoMode::Ring);

fn trust_in(authorities: TrustStore) -> TlsContext {
    TlsContext::builder()
        .with_trust_store(authorities)
        .build()
        .expect("nothing is set that could be wrong")
}

fn authorities() -> TrustStore {
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        TrustStore::empty().with_pem_certificate(trusted_by_browsers())
    } else {
        TrustStore::default()
    }
}

fn trusted_by_browsers() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| as_pem(certificate))
        .collect()
}

/// RFC 7468.
fn as_pem(certificate: &[u8]) -> String {
    let base64 = BASE64.encode(certificate);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in base64.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads every certificate now, as a client does only when it is first used, and panics at
    /// what it can't read.
    fn read(pem: String) {
        let _connector = Connector::builder()
            .tls_provider(RING)
            .tls_context(trust_in(TrustStore::empty().with_pem_certificate(pem)))
            .build();
    }

    #[test]
    fn the_authorities_that_browsers_trust_can_be_read() {
        let pem = trusted_by_browsers();
        assert!(pem.matches("BEGIN CERTIFICATE").count() > 50);
        read(pem);
    }

    #[test]
    #[should_panic(expected = "cert parsable")]
    fn what_is_no_certificate_would_be_noticed() {
        read(as_pem(b"no certificate"));
    }
}
