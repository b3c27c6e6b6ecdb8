//! Which addresses are those of one host on the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Whether an address is one host on the public internet: global unicast, and in no block of the
/// IANA special-purpose registries, not even in one that is reachable from everywhere, as no
/// receiver of webhooks lives there.
///
/// IPv6 that leads to an IPv4 host is judged by that host where such addresses are in use today:
/// mapped (`::ffff:a.b.c.d`) and NAT64 (`64:ff9b::a.b.c.d`, RFC 6052), which a resolver in an
/// IPv6-only network gives for every public name. The other forms are refused whatever is in
/// them: compatible (`::a.b.c.d`), translated (`::ffff:0:a.b.c.d`), local NAT64 (RFC 8215), 6to4,
/// Teredo, and ISATAP under any prefix.
pub fn is_global_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => match host_behind(address) {
            Some(inner) => is_global_v4(inner),
            None => is_global_v6(address),
        },
    }
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>, the outermost blocks, and
/// multicast.
const SPECIAL_V4: [Ipv4Net; 18] = [
    v4(0, 0, 0, 8),       // "this network", RFC 791
    v4(10, 0, 0, 8),      // private use, RFC 1918
    v4(100, 64, 0, 10),   // shared address space of carriers, RFC 6598
    v4(127, 0, 0, 8),     // loopback, RFC 1122
    v4(169, 254, 0, 16),  // link local, RFC 3927; the metadata of clouds
    v4(172, 16, 0, 12),   // private use, RFC 1918
    v4(192, 0, 0, 24),    // IETF protocol assignments, RFC 6890, with all that is inside
    v4(192, 0, 2, 24),    // documentation, RFC 5737
    v4(192, 31, 196, 24), // AS112, RFC 7535
    v4(192, 52, 193, 24), // multicast tunnels, RFC 7450
    v4(192, 88, 99, 24),  // 6to4 relays, RFC 7526, and 6a44, RFC 6751
    v4(192, 168, 0, 16),  // private use, RFC 1918
    v4(192, 175, 48, 24), // AS112, RFC 7534
    v4(198, 18, 0, 15),   // benchmarking, RFC 2544
    v4(198, 51, 100, 24), // documentation, RFC 5737
    v4(203, 0, 113, 24),  // documentation, RFC 5737
    v4(224, 0, 0, 4),     // multicast, RFC 5771
    v4(240, 0, 0, 4),     // reserved, RFC 1112, and the broadcast address
];

fn is_global_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|block| block.contains(&address))
}

const fn v6(first: u16, second: u16, third: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), prefix)
}

/// All that is handed out as global unicast, RFC 4291. Outside of it are, among others, `::`,
/// `::1`, what embeds IPv4 there, `100::/64`, `5f00::/16`, `fc00::/7`, `fe80::/10`, `fec0::/10`
/// and `ff00::/8`.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// <https://www.iana.org/assignments/iana-ipv6-special-registry>, the outermost blocks of those
/// inside [`GLOBAL_V6`].
const SPECIAL_V6: [Ipv6Net; 5] = [
    v6(0x2001, 0, 0, 23), // IETF protocol assignments, RFC 2928: Teredo, ORCHID, …
    v6(0x2001, 0x0db8, 0, 32), // documentation, RFC 3849
    v6(0x2002, 0, 0, 16), // 6to4, RFC 3056
    v6(0x2620, 0x004f, 0x8000, 48), // AS112, RFC 7534
    v6(0x3fff, 0, 0, 20), // documentation, RFC 9637
];

fn is_global_v6(address: Ipv6Addr) -> bool {
    GLOBAL_V6.contains(&address)
        && !SPECIAL_V6.iter().any(|block| block.contains(&address))
        && !is_isatap(address)
}

/// Whether the interface is one of RFC 5214: a tunnel to the IPv4 address in the last 32 bits.
fn is_isatap(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [_, _, _, _, 0 | 0x0200, 0x5efe, _, _])
}

/// The IPv4 host that a mapped or NAT64 address stands for.
fn host_behind(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
