//! The proxy itself: a port, and what is done with who comes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::counters::Counters;
use crate::plan::{Plan, RuleId};
use crate::rule::Rule;

const BACKLOG: u32 = 1024;
/// Before it is tried again to accept.
const PAUSE: Duration = Duration::from_millis(10);

/// A proxy on a free port of this machine, for as long as it lives.
///
/// It needs a tokio runtime to be made in and to run on. Without rules it passes everything on.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Keeps the port while nobody listens on it: a free one may become anybody's.
    _holder: TcpSocket,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    upstream: Mutex<SocketAddr>,
    connections: AtomicU64,
    /// Ends the connections that there are.
    end: Mutex<CancellationToken>,
}

impl FaultProxy {
    /// A proxy on the loopback address before the server at `upstream`, which need not be there yet.
    ///
    /// # Errors
    ///
    /// Where no port can be had.
    pub fn start(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        Self::start_on(Ipv4Addr::LOCALHOST, upstream, seed)
    }

    /// The same on another address of this machine, such as 0.0.0.0, so that containers reach it.
    ///
    /// # Errors
    ///
    /// Where no port can be had on it.
    pub fn start_on(host: Ipv4Addr, upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let holder = socket_at(SocketAddr::from((host, 0)))?;
        let proxy = Self {
            address: holder.local_addr()?,
            _holder: holder,
            shared: Arc::new(Shared {
                plan: Plan::new(seed),
                upstream: Mutex::new(upstream),
                connections: AtomicU64::new(0),
                end: Mutex::default(),
            }),
            accepting: Mutex::default(),
        };
        proxy.listen_again()?;
        Ok(proxy)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port, which it keeps also while it refuses.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connections that are accepted from now on lead there.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        *self.shared.upstream() = upstream;
    }

    /// From now on, this goes wrong too.
    pub fn add(&self, rule: Rule) -> RuleId {
        self.shared.plan.add(rule)
    }

    /// From now on, it no longer does. What has happened to a connection stays.
    pub fn remove(&self, id: RuleId) {
        self.shared.plan.remove(id);
    }

    /// Takes all rules away. What has happened to a connection stays: one that hangs goes on
    /// hanging, as it would in the world.
    pub fn mend(&self) {
        self.shared.plan.clear();
    }

    /// Closes all connections that there are.
    pub fn disconnect_all(&self) {
        let mut end = self.shared.end();
        std::mem::take(&mut *end).cancel();
    }

    /// Listens no more: who connects is refused. Connections that there are stay.
    pub async fn refuse(&self) {
        let accepting = self.accepting().take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // It was told to end, and that is how it ends.
            let _ = accepting.await;
            self.shared.plan.count(|counters| counters.refusals += 1);
        }
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    ///
    /// Where the system does not let it.
    pub fn listen_again(&self) -> io::Result<()> {
        let mut accepting = self.accepting();
        if accepting.is_none() {
            let listener = socket_at(self.address)?.listen(BACKLOG)?;
            *accepting = Some(tokio::spawn(accept(listener, self.shared.clone())));
        }
        Ok(())
    }

    /// What it has done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.plan.counters()
    }

    fn accepting(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting().take() {
            accepting.abort();
        }
        self.disconnect_all();
    }
}

impl Shared {
    fn upstream(&self) -> MutexGuard<'_, SocketAddr> {
        self.upstream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) -> MutexGuard<'_, CancellationToken> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that several of ours can have at the same address: the holder of the port, and who
/// listens. `SO_REUSEADDR` would let others have it too while nobody listens.
fn socket_at(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors: connections that end give some back.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        shared.plan.count(|counters| counters.connections += 1);
        let upstream = *shared.upstream();
        let end = shared.end().clone();
        let shared = shared.clone();
        tokio::spawn(async move {
            let connection = Connection::new(&shared.plan, number);
            end.run_until_cancelled(connection.serve(client, upstream))
                .await;
        });
    }
}
