//! Opens the artifact store that the environment names.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_domain::ports::{ArtifactStore, Clock};
use batchway_job_runner::configuration::ArtifactLocation;
use data_encoding::BASE64;

/// Where nothing else names one.
const DEFAULT_REGION: &str = "eu-central-1";

/// Opens it. Whether a bucket is there and may be used shows when something is done with it.
///
/// # Errors
/// A sentence, where a folder can't be used.
pub(crate) async fn open(
    location: &ArtifactLocation,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn ArtifactStore>, String> {
    match location {
        ArtifactLocation::Folder(folder) => FilesystemArtifactStore::open(folder, None, clock)
            .map(|store| Arc::new(store) as Arc<dyn ArtifactStore>)
            .map_err(|error| format!("The artifact store can't be used: {error}.")),
        ArtifactLocation::Bucket(bucket) => {
            let settings = S3Settings::new(bucket.clone());
            let store = S3ArtifactStore::new(&aws_access().await, settings, clock);
            Ok(Arc::new(store))
        }
    }
}

/// Credentials, region and endpoint as every AWS SDK finds them. Asks nobody for credentials yet.
async fn aws_access() -> SdkConfig {
    let tls = TlsContext::builder()
        .with_trust_store(certificate_authorities())
        .build()
        .expect("nothing is set that could be wrong");
    let http_client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let found = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .load()
        .await;
    let region = found.region().cloned();
    let region = region.unwrap_or(Region::from_static(DEFAULT_REGION));
    found.into_builder().region(region).build()
}

/// Those of the image. Many a small image has none; then those that browsers trust.
fn certificate_authorities() -> TrustStore {
    if !rustls_native_certs::load_native_certs().certs.is_empty() {
        return TrustStore::default();
    }
    TrustStore::empty().with_pem_certificate(trusted_by_browsers())
}

fn trusted_by_browsers() -> String {
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    certificates
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
