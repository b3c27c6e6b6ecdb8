//! Which addresses webhooks may be sent to.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::is_global_unicast;

/// Which targets are taken: public ones, and those of the inside that the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookPolicy {
    allowed: Vec<IpNet>,
}

impl WebhookPolicy {
    /// Takes public targets, and those in these networks.
    pub fn allowing(allowed: Vec<IpNet>) -> Self {
        Self {
            allowed: allowed.into_iter().map(unmapped).collect(),
        }
    }

    /// Whether a connection to this address may be made.
    ///
    /// A mapped address (`::ffff:a.b.c.d`) is the IPv4 address in it, for a socket as for us: it
    /// is allowed with it. No other form is: `64:ff9b::a.b.c.d` leads to the host of that number
    /// where the translator is, which need not be the one that was allowed.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_global_unicast(address)
            || self
                .allowed
                .iter()
                .any(|network| network.contains(&address))
    }

    /// Names of the inside may stand for what is allowed; their addresses are judged when they
    /// are known.
    pub(super) const fn permits_inside_names(&self) -> bool {
        !self.allowed.is_empty()
    }
}

/// A network of mapped addresses as the IPv4 network that it stands for.
fn unmapped(network: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    let IpAddr::V4(address) = network.addr().to_canonical() else {
        return network;
    };
    match network.prefix_len().checked_sub(MAPPED_BITS) {
        Some(prefix) if matches!(network, IpNet::V6(_)) => {
            Ipv4Net::new(address, prefix).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(allowed: &str, address: &str) -> bool {
        WebhookPolicy::allowing(vec![allowed.parse().unwrap()]).permits(address.parse().unwrap())
    }

    #[test]
    fn what_is_allowed_is_permitted_and_nothing_beside_it() {
        assert!(permits("10.1.0.0/16", "10.1.2.3"));
        assert!(!permits("10.1.0.0/16", "10.2.0.1"));
        assert!(permits("127.0.0.1/32", "127.0.0.1"));
        assert!(!permits("127.0.0.1/32", "127.0.0.2"));
        assert!(!permits("127.0.0.1/32", "::1"));
        assert!(permits("::1/128", "::1"));
        assert!(permits("fd00::/8", "fd12::3"));
        assert!(!permits("fd00::/8", "fc12::3"));
        assert!(permits("10.0.0.0/8", "93.184.216.34"), "still public");
    }

    #[test]
    fn a_mapped_address_is_the_one_inside_it() {
        assert!(permits("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!permits("10.0.0.0/8", "::ffff:192.168.0.1"));
        assert!(permits("::ffff:10.0.0.0/104", "10.9.9.9"));
        assert!(permits("::ffff:10.0.0.0/104", "::ffff:10.9.9.9"));
        assert!(!permits("::ffff:10.0.0.0/104", "127.0.0.1"));
        assert!(!permits("::/0", "::ffff:10.0.0.1"), "IPv6 was allowed");
        assert!(!permits("0.0.0.0/0", "::1"), "IPv4 was allowed");
    }

    #[test]
    fn what_only_leads_to_an_allowed_address_is_not_allowed_with_it() {
        for address in [
            "::10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:a00:1::",
            "2001:0:1:2:3:4:f5ff:fffe",
            "fe80::5efe:10.0.0.1",
        ] {
            assert!(!permits("10.0.0.0/8", address), "{address}");
        }
        assert!(
            permits("64:ff9b::/96", "64:ff9b::10.0.0.1"),
            "allowed itself"
        );
    }
}
