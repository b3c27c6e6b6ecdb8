//! Whoever must never be touched: a listener on every address of this machine.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Counts every connection that is made to it, on all addresses of this machine.
#[derive(Debug)]
pub(crate) struct Canary {
    pub(crate) port: u16,
    visitors: watch::Receiver<Vec<SocketAddr>>,
    knocks: Mutex<Vec<SocketAddr>>,
}

impl Canary {
    pub(crate) async fn listen() -> Self {
        let listener = bind_apart().await;
        let port = listener.local_addr().unwrap().port();
        let (visit, visitors) = watch::channel(Vec::new());
        tokio::spawn(async move {
            while let Ok((_stream, visitor)) = listener.accept().await {
                let visitor = SocketAddr::new(visitor.ip().to_canonical(), visitor.port());
                visit.send_modify(|visitors| visitors.push(visitor));
            }
        });
        Self {
            port,
            visitors,
            knocks: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// How many connections there were. Connections are accepted in the order in which they were
    /// made: once a knock of our own was counted, so was all that came before it.
    pub(crate) async fn touched(&self) -> usize {
        let knock = TcpStream::connect(self.address()).await.unwrap();
        let ours = knock.local_addr().unwrap();
        self.knocks.lock().unwrap().push(ours);
        // The system may give a port again that an earlier knock had.
        let from_there = |all: &[SocketAddr]| all.iter().filter(|one| **one == ours).count();
        let knocked = from_there(&self.knocks.lock().unwrap());
        let mut visitors = self.visitors.clone();
        let seen = visitors.wait_for(|visitors| from_there(visitors) >= knocked);
        let visits = seen.await.unwrap().len();
        visits - self.knocks.lock().unwrap().len()
    }
}

/// On a port that the operating system gives to nobody who asks for any: a neighbour that looks
/// for a server of its own, on a port that was free a moment ago, must not be taken for a visitor.
/// Nor is it one of those that the servers of other tests have, who look for one that is down.
async fn bind_apart() -> TcpListener {
    const APART: std::ops::Range<u16> = 10_000..12_000;
    let own = u16::try_from(std::process::id() % u32::from(APART.end - APART.start)).unwrap();
    let ports = APART.cycle().skip(usize::from(own));
    for port in ports.take(APART.len()) {
        // One socket for both families; on a machine without IPv6 there is only one.
        let both = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await;
        match both {
            Ok(listener) => return listener,
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(_) => {
                if let Ok(listener) = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await {
                    return listener;
                }
            }
        }
    }
    panic!(
        "every port from {} on is in use: the canary needs one",
        APART.start
    );
}
