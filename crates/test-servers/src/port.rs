//! Ports that stay free for the one who took them.
//!
//! A port that the system hands out is free for a moment only: once its
//! server is down, to be started again, any connection of any other test may
//! get it. So ports come from below the range from which systems take them
//! for connections, and each is locked by the process that uses it.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::build_folder::servers_folder;

/// Ports from here are tried.
const FIRST: u16 = 12_000;
/// So many; with the offset of the cluster bus they end below 32,768.
const COUNT: u16 = 10_000;
/// Redis puts the bus of a cluster's node so far above its port.
const BUS_OFFSET: u16 = 10_000;

/// A port of this machine, kept from the other tests as long as this lives: for a server that others
/// must know before it listens, or that is to be gone for a while.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// A port on which nobody listens, nor on the one for its cluster bus.
    ///
    /// # Panics
    ///
    /// Where none is left.
    #[must_use]
    pub fn reserve() -> Self {
        // Each process begins elsewhere, so that few meet.
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let beginning = std::process::id().wrapping_mul(7919) % u32::from(COUNT);
        let beginning = u16::try_from(beginning).expect("less than COUNT");

        let folder = servers_folder("ports");
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
            let number = FIRST + (beginning + step) % COUNT;
            let path = folder.join(number.to_string());
            let lock = File::create(&path)
                .unwrap_or_else(|error| panic!("could not create {}: {error}", path.display()));
            if lock.try_lock().is_ok() && is_free(number) && is_free(number + BUS_OFFSET) {
                return Self {
                    number,
                    _lock: lock,
                };
            }
        }
        panic!("no port from {FIRST} to {} is free", FIRST + COUNT - 1);
    }

    /// For whoever is to listen there.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_nobody_elses_as_long_as_it_is_kept() {
        let ports: Vec<Port> = (0..100).map(|_| Port::reserve()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100);
    }
}
