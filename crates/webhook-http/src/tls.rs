//! Whom to trust, and that the certificate is for the host in the URL.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::ports::{Clock, WebhookUnanswered};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use url::{Host, Url};

use crate::reason::Reason;

/// The authorities of the system, or those that browsers trust where it has none.
pub(crate) fn system_authorities() -> RootCertStore {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if authorities.is_empty() {
        let known = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
        authorities.add_parsable_certificates(known);
    }
    authorities
}

/// One authority and no other.
pub(crate) fn only_authority(certificate: &[u8]) -> Result<RootCertStore, UnreadableAuthority> {
    let mut authorities = RootCertStore::empty();
    authorities
        .add(CertificateDer::from(certificate.to_vec()))
        .map_err(UnreadableAuthority)?;
    Ok(authorities)
}

/// The certificate of an authority can't be read as DER.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of the authority can't be read")]
pub struct UnreadableAuthority(#[source] Error);

pub(crate) fn configuration(authorities: RootCertStore, clock: Arc<dyn Clock>) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let mut configuration = ClientConfig::builder_with_details(provider, Arc::new(Time(clock)))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(authorities)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each attempt sees the certificate itself, and nothing is kept of one for another.
    configuration.resumption = Resumption::disabled();
    configuration
}

#[derive(Debug)]
struct Time(Arc<dyn Clock>);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().as_millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// The handshake, with a certificate for the host as the URL has it.
pub(crate) async fn handshake(
    configuration: Arc<ClientConfig>,
    url: &Url,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, WebhookUnanswered> {
    let name = server_name(url).ok_or(Reason::Unwritable)?;
    TlsConnector::from(configuration)
        .connect(name, stream)
        .await
        .map_err(|error| reason(&error).because(error))
}

fn server_name(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::from(std::net::IpAddr::from(address))),
        Host::Ipv6(address) => Some(ServerName::from(std::net::IpAddr::from(address))),
    }
}

fn reason(error: &io::Error) -> Reason {
    use CertificateError as Certificate;
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let Some(Error::InvalidCertificate(wrong)) = cause else {
        return Reason::NoHandshake;
    };
    match wrong {
        Certificate::Expired | Certificate::ExpiredContext { .. } => Reason::CertificateExpired,
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            Reason::CertificateNotYetValid
        }
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            Reason::CertificateForAnother
        }
        Certificate::UnknownIssuer => Reason::CertificateUntrusted,
        _ => Reason::Certificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authorities_that_browsers_trust_can_be_read() {
        for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            only_authority(certificate).unwrap();
        }
        assert!(only_authority(b"no certificate").is_err());
    }

    #[test]
    fn somebody_is_trusted_by_default() {
        assert!(!system_authorities().is_empty());
    }
}
