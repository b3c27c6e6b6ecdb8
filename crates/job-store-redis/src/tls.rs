//! TLS, with the cryptography of ring and no other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fred::rustls::crypto::ring;
use fred::rustls::pki_types::CertificateDer;
use fred::rustls::pki_types::pem::PemObject;
use fred::rustls::{ClientConfig, RootCertStore};
use fred::rustls_native_certs::load_native_certs;
use fred::types::config::{TlsConfig, TlsConnector, TlsHostMapping};

use crate::connect_error::ConnectError;

/// Trusts the authorities of the file, or the system's.
pub(crate) fn client(ca_file: Option<&Path>) -> Result<TlsConfig, ConnectError> {
    let (path, roots) = match ca_file {
        Some(path) => (path.to_owned(), of_file(path)?),
        None => ("the system's store".into(), of_system()),
    };
    let unusable = |reason: String| ConnectError::Authorities {
        path: path.clone(),
        reason,
    };
    if roots.is_empty() {
        return Err(unusable("there are none in it".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConfig {
        connector: TlsConnector::from(config),
        // Nodes of a cluster may be announced by address and certified by name.
        hostnames: TlsHostMapping::DefaultHost,
    })
}

fn of_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(load_native_certs().certs);
    roots
}

fn of_file(path: &Path) -> Result<RootCertStore, ConnectError> {
    let unusable = |reason: String| ConnectError::Authorities {
        path: PathBuf::from(path),
        reason,
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    for certificate in certificates {
        certificate
            .map_err(|error| unusable(error.to_string()))
            .and_then(|certificate| {
                roots
                    .add(certificate)
                    .map_err(|error| unusable(error.to_string()))
            })?;
    }
    Ok(roots)
}
