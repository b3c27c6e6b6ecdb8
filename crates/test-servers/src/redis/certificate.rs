//! Certificates for a Redis with TLS, made for one test.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Files of a certificate authority and of a server that it vouches for.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) authority: PathBuf,
    pub(super) server: PathBuf,
    pub(super) server_key: PathBuf,
}

impl Certificates {
    /// For `127.0.0.1` and `localhost`, by an authority that nobody else knows.
    pub(super) fn make_in(folder: &Path) -> Self {
        let (authority, server, server_key) =
            pem().unwrap_or_else(|error| panic!("could not make certificates: {error}"));
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text)
                .unwrap_or_else(|error| panic!("could not write {}: {error}", path.display()));
            path
        };
        Self {
            authority: write("authority.pem", &authority),
            server: write("server.pem", &server),
            server_key: write("server-key.pem", &server_key),
        }
    }

    pub(super) fn redis_arguments(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        [
            ("--tls-ca-cert-file", path(&self.authority)),
            ("--tls-cert-file", path(&self.server)),
            ("--tls-key-file", path(&self.server_key)),
            ("--tls-auth-clients", "no".to_owned()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
    }
}

fn pem() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(DnType::CommonName, "authority of one test");
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let server = CertificateParams::new(["127.0.0.1", "localhost"].map(str::to_owned))?;
    let server_key = KeyPair::generate()?;
    let server_certificate =
        server.signed_by(&server_key, &Issuer::new(authority, authority_key))?;
    Ok((
        authority_certificate.pem(),
        server_certificate.pem(),
        server_key.serialize_pem(),
    ))
}
