//! A network whose DNS answers as a test says, and in which every connection that no receiver is
//! meant to get goes to the canary.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use batchway_webhook_http::Network;
use tokio::net::TcpStream;

use crate::canary::Canary;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) canary: Arc<Canary>,
    names: Mutex<BTreeMap<String, VecDeque<Lookup>>>,
    hosts: Mutex<BTreeMap<IpAddr, Host>>,
    seen: Mutex<Seen>,
}

/// What the DNS says of a name.
#[derive(Clone, Debug)]
pub(crate) enum Lookup {
    Finds(Vec<IpAddr>),
    Fails,
    Hangs,
}

/// Who has an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host {
    /// A receiver that really listens here.
    At(SocketAddr),
    Refuses,
    Unreachable,
    KeepsSilent,
}

/// What was asked of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) lookups: Vec<String>,
    pub(crate) connections: Vec<SocketAddr>,
}

impl World {
    pub(crate) fn with(canary: Arc<Canary>) -> Self {
        Self {
            canary,
            names: Mutex::default(),
            hosts: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// What the DNS says of a name, look-up by look-up; the last answer stays.
    pub(crate) fn name(&self, name: &str, lookups: impl IntoIterator<Item = Lookup>) {
        let lookups = lookups.into_iter().collect();
        self.names.lock().unwrap().insert(name.to_owned(), lookups);
    }

    pub(crate) fn resolves(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        self.name(name, [Lookup::Finds(addresses.collect())]);
    }

    pub(crate) fn host(&self, address: &str, host: Host) {
        let address = address.parse().unwrap();
        self.hosts.lock().unwrap().insert(address, host);
    }

    /// What was asked since this was last looked at.
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

#[async_trait]
impl Network for World {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.seen.lock().unwrap().lookups.push(name.to_owned());
        let lookup = match self.names.lock().unwrap().get_mut(name) {
            Some(lookups) if lookups.len() > 1 => lookups.pop_front(),
            Some(lookups) => lookups.front().cloned(),
            None => None,
        };
        match lookup {
            Some(Lookup::Finds(addresses)) => Ok(addresses),
            Some(Lookup::Fails) | None => Err(io::Error::other("no such name")),
            Some(Lookup::Hangs) => pending().await,
        }
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.seen.lock().unwrap().connections.push(address);
        let host = self.hosts.lock().unwrap().get(&address.ip()).copied();
        match host {
            Some(Host::At(receiver)) => TcpStream::connect(receiver).await,
            Some(Host::Refuses) => Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Host::Unreachable) => Err(io::ErrorKind::HostUnreachable.into()),
            Some(Host::KeepsSilent) => pending().await,
            None => TcpStream::connect(self.canary.address()).await,
        }
    }
}
