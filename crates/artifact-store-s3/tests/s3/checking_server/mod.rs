//! An S3 server in this process that checks signatures: protocol and signatures are those of
//! `s3s`, what is kept is kept in memory. It has one bucket, empty.

mod contents;
mod operations;

use std::sync::{Arc, Mutex, MutexGuard};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::host::SingleDomain;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

use contents::Contents;

/// The one bucket.
pub(crate) const BUCKET: &str = "artifacts";

pub(crate) const ACCESS_KEY: &str = "AKIAINTESTS";
pub(crate) const SECRET_KEY: &str = "the secret that signs in tests";

/// Under this domain the bucket has a host of its own.
pub(crate) const DOMAIN: &str = "s3.eu-central-1.amazonaws.com";

/// Listens until the runtime that it was started on ends.
#[derive(Clone, Debug)]
pub(crate) struct CheckingServer {
    contents: Arc<Mutex<Contents>>,
    port: u16,
}

impl CheckingServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            contents: Arc::default(),
            port: listener.local_addr().unwrap().port(),
        };
        tokio::spawn(serve(listener, server.service()));
        server
    }

    fn service(&self) -> S3Service {
        let mut builder = S3ServiceBuilder::new(self.clone());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        builder.set_host(SingleDomain::new(DOMAIN).unwrap());
        builder.build()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many multipart uploads wait for their end.
    pub(crate) fn open_uploads(&self) -> usize {
        self.contents().uploads.len()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
        // A client that goes away in the middle of a request is no failure of the server.
        tokio::spawn(async { drop(connection.await) });
    }
}
