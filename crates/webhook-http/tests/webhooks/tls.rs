//! Receivers with TLS: the certificate must be for the host in the URL, of a trusted authority,
//! and in its time, which is 2026-03-01 here.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::receiver::{Act, Receiver, answers};
use crate::scene::{PUBLIC, Scene, attempt_of};
use crate::world::Host;

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self {
            certificate,
            issuer,
        }
    }

    fn vouches_for(&self, params: &CertificateParams) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate, &key)
    }
}

fn acceptor(certificate: Certificate, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn certificate_for(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

/// What comes of calling this URL, where a receiver with this certificate is at [`PUBLIC`].
async fn outcome(authority: &Authority, tls: TlsAcceptor, url: &str) -> Result<u16, String> {
    let receiver = Receiver::start_at("127.0.0.1:0", answers("204 None"), Some(tls)).await;
    let sent = scene(authority, &receiver).await.send(url).await;
    assert_eq!(receiver.received().len(), usize::from(sent.is_ok()));
    sent
}

async fn scene(authority: &Authority, receiver: &Receiver) -> Scene {
    let scene = Scene::new().await;
    for name in ["hooks.example.com", "hooks.example.com."] {
        scene.world.resolves(name, &[PUBLIC]);
    }
    scene.world.host(PUBLIC, Host::At(receiver.address));
    let sender = scene.sender.trusting_only(authority.certificate.der());
    Scene {
        sender: sender.unwrap(),
        world: scene.world,
    }
}

#[tokio::test]
async fn a_receiver_with_a_certificate_for_its_name_is_called() {
    let authority = Authority::named("trusted");
    for (name, url) in [
        ("hooks.example.com", "https://hooks.example.com/"),
        ("hooks.example.com", "https://hooks.example.com.:8443/"),
        ("*.example.com", "https://hooks.example.com/"),
        (PUBLIC, "https://93.184.216.34/"),
    ] {
        let tls = authority.vouches_for(&certificate_for(name));
        assert_eq!(outcome(&authority, tls, url).await, Ok(204), "{url}");
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_prove_the_receiver_gets_no_request() {
    const EXPIRED: &str = "The receiver's TLS certificate has expired.";
    const EARLY: &str = "The receiver's TLS certificate is not valid yet.";
    const ANOTHER: &str = "The receiver's TLS certificate is for another host name.";
    const UNTRUSTED: &str =
        "The receiver's TLS certificate is not issued by an authority that is trusted here.";
    let authority = Authority::named("trusted");
    let good = || certificate_for("hooks.example.com");
    let mut expired = good();
    expired.not_after = date_time_ymd(2026, 2, 28);
    let mut early = good();
    early.not_before = date_time_ymd(2026, 3, 2);
    let own_key = KeyPair::generate().unwrap();
    let self_signed = acceptor(good().self_signed(&own_key).unwrap(), &own_key);
    for (tls, sentence) in [
        (authority.vouches_for(&expired), EXPIRED),
        (authority.vouches_for(&early), EARLY),
        (
            authority.vouches_for(&certificate_for("example.org")),
            ANOTHER,
        ),
        (
            authority.vouches_for(&certificate_for("*.hooks.example.com")),
            ANOTHER,
        ),
        (authority.vouches_for(&certificate_for(PUBLIC)), ANOTHER),
        (Authority::named("another").vouches_for(&good()), UNTRUSTED),
        // One that only says that it is the trusted one.
        (
            Authority::named("trusted").vouches_for(&good()),
            "The receiver's TLS certificate is not valid.",
        ),
        (self_signed, UNTRUSTED),
    ] {
        let sent = outcome(&authority, tls, "https://hooks.example.com/").await;
        assert_eq!(sent, Err(sentence.to_owned()));
    }
}

/// The certificate must be for the name, not for the address behind it, and the other way round.
#[tokio::test]
async fn a_name_is_no_address() {
    let authority = Authority::named("trusted");
    let tls = authority.vouches_for(&certificate_for("hooks.example.com"));
    let sent = outcome(&authority, tls, "https://93.184.216.34/").await;
    let another = "The receiver's TLS certificate is for another host name.";
    assert_eq!(sent, Err(another.to_owned()));
}

#[tokio::test]
async fn who_does_not_speak_tls_gets_no_request() {
    let authority = Authority::named("trusted");
    let no_handshake = "The receiver did not complete the TLS handshake.";
    for acts in [
        vec![],
        vec![Act::sends("HTTP/1.1 400 Bad Request\n\n")],
        vec![Act::Sends(b"\x15\x03\x03\0\x02\x02\x28".to_vec())],
        vec![Act::Repeats(vec![0x16; 4096])],
    ] {
        let receiver = Receiver::start(acts).await;
        let scene = scene(&authority, &receiver).await;
        let sent = scene.send("https://hooks.example.com/").await;
        assert_eq!(sent, Err(no_handshake.to_owned()));
    }
    let receiver = Receiver::start(vec![Act::Holds]).await;
    let scene = scene(&authority, &receiver).await;
    let scene = scene.within(attempt_of(Duration::from_millis(500)));
    let sent = scene.send("https://hooks.example.com/").await;
    let late = "The receiver did not answer within 0.5 s.";
    assert_eq!(sent, Err(late.to_owned()));
}
