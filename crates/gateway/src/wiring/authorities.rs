//! Whom to trust in TLS: the system's authorities, or, on a system that has none, those that
//! browsers trust, so that the program needs nothing installed beside it.

use aws_smithy_http_client::tls::TrustStore;
use data_encoding::BASE64;

pub(super) fn trusted() -> TrustStore {
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
    use aws_smithy_http_client::Builder;
    use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
    use aws_smithy_http_client::tls::{Provider, TlsContext};

    #[test]
    fn the_authorities_that_browsers_trust_can_be_read() {
        let pem = trusted_by_browsers();
        assert!(pem.matches("BEGIN CERTIFICATE").count() > 50);
        let store = TrustStore::empty().with_pem_certificate(pem);
        let tls = TlsContext::builder().with_trust_store(store).build();
        // Panics at what it can't read.
        let _client = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls.unwrap())
            .build_https();
    }
}
