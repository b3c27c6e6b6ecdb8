//! The world outside, as narrow as it can be: names to addresses, and an address to a connection.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;

/// Looks names up and connects. A seam for tests, which script the answers of the DNS and see each
/// address that is connected to.
#[async_trait]
pub trait Network: Send + Sync + Debug {
    /// The addresses of a name, the preferred ones first. None is judged here.
    ///
    /// # Errors
    /// Where the name has none, or nobody can be asked.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Connects to exactly this address.
    ///
    /// # Errors
    /// Where there is no connection to be had.
    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream>;
}

/// The network of this machine.
#[derive(Debug)]
pub struct SystemNetwork {
    lookups: Arc<Semaphore>,
}

impl SystemNetwork {
    /// The system's look-up blocks a thread until it ends, also when nobody waits for it any more.
    /// Half of the runtime's such threads are left to others.
    const LOOKUPS_AT_ONCE: usize = 256;
}

impl Default for SystemNetwork {
    fn default() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(Self::LOOKUPS_AT_ONCE)),
        }
    }
}

#[async_trait]
impl Network for SystemNetwork {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let lookups = self.lookups.clone();
        let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        let lookup = tokio::spawn(async move {
            let found = lookup_host((name, 0)).await;
            drop(permit);
            found.map(|found| found.map(|address| address.ip()).collect())
        });
        lookup.await?
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}
