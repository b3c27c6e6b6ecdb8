//! Which webhook URLs are taken at POST. The literal host is judged here, without DNS; the
//! resolved address is judged again, by the same rule, by whoever connects.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Which targets are taken: public ones, and those of the inside that the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookPolicy {
    allowed: Vec<IpNet>,
}

impl WebhookPolicy {
    /// Takes public targets, and those in these networks.
    pub const fn allowing(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether a connection to this address may be made.
    pub fn permits(&self, address: IpAddr) -> bool {
        is_global_unicast(address)
            || self
                .allowed
                .iter()
                .any(|network| network.contains(&address))
    }

    /// Names of the inside may stand for what is allowed; their addresses are judged when they
    /// are known.
    const fn permits_inside_names(&self) -> bool {
        !self.allowed.is_empty()
    }
}

/// A URL that may be called: http or https, no credentials in it, and a host that is not, as
/// written, an address or name of the inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookTarget(String);

impl WebhookTarget {
    /// The longest URL taken, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// Judges a URL, where only public targets are taken.
    ///
    /// # Errors
    /// [`ForbiddenTarget`], with a sentence for the caller.
    pub fn parse(text: &str) -> Result<Self, ForbiddenTarget> {
        Self::judge(text, &WebhookPolicy::default())
    }

    /// Judges a URL.
    ///
    /// # Errors
    /// [`ForbiddenTarget`], with a sentence for the caller.
    pub fn judge(text: &str, policy: &WebhookPolicy) -> Result<Self, ForbiddenTarget> {
        if text.len() > Self::MAX_BYTES {
            return Err(ForbiddenTarget("is longer than 2048 bytes"));
        }
        let url = Url::parse(text).map_err(|_| ForbiddenTarget("is not an absolute URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ForbiddenTarget("has a scheme other than http and https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ForbiddenTarget("has a user name or a password in it"));
        }
        judge_host(url.host(), policy)?;
        Ok(Self(url.into()))
    }

    /// The URL as it will be called.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and, where it isn't the scheme's own, port: `https://example.com`.
    pub fn origin(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => url.origin().ascii_serialization(),
            // A record that was damaged is a receiver of its own.
            Err(_) => self.0.clone(),
        }
    }
}

impl fmt::Display for WebhookTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn judge_host(host: Option<Host<&str>>, policy: &WebhookPolicy) -> Result<(), ForbiddenTarget> {
    const INSIDE: ForbiddenTarget = ForbiddenTarget("points to an address that is not public");
    match host {
        None => Err(ForbiddenTarget("has no host")),
        Some(Host::Ipv4(address)) if !policy.permits(address.into()) => Err(INSIDE),
        Some(Host::Ipv6(address)) if !policy.permits(address.into()) => Err(INSIDE),
        Some(Host::Domain(name)) if is_inside_name(name) && !policy.permits_inside_names() => {
            Err(ForbiddenTarget("has a host name that is not public"))
        }
        Some(_) => Ok(()),
    }
}

/// Names that never stand for a public host: RFC 6761, RFC 6762, RFC 9476, ICANN's `internal`,
/// the home network of RFC 8375, and names without a dot.
fn is_inside_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    const RESERVED: [&str; 9] = [
        "localhost",
        "local",
        "internal",
        "home.arpa",
        "invalid",
        "test",
        "example",
        "onion",
        "alt",
    ];
    !name.contains('.')
        || RESERVED.iter().any(|tail| {
            name == *tail
                || name
                    .strip_suffix(tail)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
}

/// Whether an address is one host on the public internet: neither private, loopback,
/// link-local, shared, multicast, documentation, benchmark nor reserved, by the IANA
/// special-purpose registries; IPv4 inside IPv6 is unwrapped and judged as IPv4.
pub fn is_global_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_global_v4(inner);
    }
    let [first, second, third, ..] = address.segments();
    // Global unicast is 2000::/3 (RFC 4291); parts of it are special all the same.
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || (first == 0x2620 && second == 0x004f && third == 0x8000)
        || (first == 0x3fff && second < 0x1000);
    (0x2000..0x4000).contains(&first) && !special
}

/// The IPv4 address that packets to this one end at: mapped, compatible, translated
/// (RFC 2765), NAT64 (RFC 6052), local NAT64 (RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(from(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(from(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x64, 0xff9b, 1, _, _, _, _, _] => Some(Ipv4Addr::LOCALHOST),
        [0x2002, high, low, ..] => Some(from(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(from(!high, !low)),
        _ => None,
    }
}

/// Why a URL can't be a webhook: the end of a sentence that begins with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ForbiddenTarget(pub &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_taken() {
        for url in [
            "https://example.com/hook",
            "http://93.184.216.34:8080/x?y=1",
            "https://[2606:2800:220:1::1]/",
            "https://sub.example.org./",
        ] {
            assert!(WebhookTarget::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn every_way_to_write_the_inside_is_refused() {
        for url in [
            "http://localhost/",
            "http://localhost./",
            "http://LOCALHOST:80/",
            "http://a.localhost/",
            "http://printer/",
            "http://x.internal/",
            "http://x.local/",
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://１２７.0.0.1/",
            "http://0/",
            "http://10.0.0.1/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://192.0.2.1/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[::ffff:0:10.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:1:2:3:4:80ff:fffe]/",
            "http://[2001:db8::1]/",
            "http://[fc00::1]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[ff02::1]/",
            "http://[3fff::1]/",
            "http://[5f00::1]/",
        ] {
            assert!(WebhookTarget::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn other_schemes_and_credentials_are_refused() {
        let long = format!("https://example.com/{}", "x".repeat(2048));
        for url in [
            "",
            "/hook",
            "ftp://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://user@example.com/",
            "https://u:p@example.com/",
            &long,
        ] {
            assert!(WebhookTarget::parse(url).is_err(), "{url}");
        }
    }
}
