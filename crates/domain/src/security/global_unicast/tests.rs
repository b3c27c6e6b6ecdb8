use ipnet::IpNet;

use super::*;
use crate::security::WebhookPolicy;

/// Both registries as IANA publishes them, block by block, inner ones too, and multicast. A list
/// of its own, so that a slip in the other one shows.
const REGISTRIES: [&str; 54] = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    // Not global unicast by RFC 4291.
    "4000::/2",
    "8000::/2",
];

/// A seeded generator (SplitMix64), so that a failure comes again.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bits(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let count = u64::try_from(choices.len()).unwrap();
        &choices[usize::try_from(self.next() % count).unwrap()]
    }

    /// Any address of a network; one in eight is its first, and one in eight its last.
    fn address_in(&mut self, network: &IpNet) -> IpAddr {
        let host = match self.next() % 8 {
            0 => 0,
            1 => u128::MAX,
            _ => self.bits(),
        };
        match network {
            IpNet::V4(network) => {
                let host = u32::try_from(host >> 96).unwrap() & u32::from(network.hostmask());
                Ipv4Addr::from(u32::from(network.network()) | host).into()
            }
            IpNet::V6(network) => {
                let host = host & u128::from(network.hostmask());
                Ipv6Addr::from(u128::from(network.network()) | host).into()
            }
        }
    }

    /// An IPv4 address inside an IPv6 address, in one of the ways that there are.
    fn embedding(&mut self, address: Ipv4Addr) -> Ipv6Addr {
        let inner = u128::from(u32::from(address));
        let public_prefix = (0x2a00_u128 << 112) | (self.bits() >> 16 >> 64 << 64);
        let form = self.next() % 11;
        Ipv6Addr::from(match form {
            0 => inner,
            1 => 0xffff << 32 | inner,
            2 => 0xffff_0000 << 32 | inner,
            3 => 0x64_ff9b << 96 | inner,
            // A /96 of the local NAT64 block, of which there are many.
            4 => 0x64_ff9b_0001 << 80 | (self.bits() & 0xffff_ffff) << 32 | inner,
            5 => 0x2002 << 112 | inner << 80 | (self.bits() >> 48),
            6 => 0x2001_0000 << 96 | (self.bits() >> 32 & !0xffff_ffff) | (!inner & 0xffff_ffff),
            // The server of a Teredo client.
            7 => 0x2001_0000 << 96 | inner << 64 | (self.bits() >> 64),
            8 => 0xfe80 << 112 | 0x5efe << 32 | inner,
            9 => public_prefix | 0x5efe << 32 | inner,
            _ => public_prefix | 0x0200_5efe << 32 | inner,
        })
    }
}

fn registries() -> Vec<IpNet> {
    REGISTRIES.map(|block| block.parse().unwrap()).to_vec()
}

#[test]
fn of_a_million_special_addresses_in_every_embedding_none_is_permitted() {
    let policy = WebhookPolicy::default();
    let blocks = registries();
    let mut chance = Chance(1);
    let mut embedded = 0_u32;
    for _ in 0..1_000_000 {
        let block = chance.one_of(&blocks);
        let address = chance.address_in(block);
        assert!(!policy.permits(address), "{address} of {block}");
        if let IpAddr::V4(inner) = address {
            let outer = chance.embedding(inner);
            assert!(!policy.permits(outer.into()), "{inner} as {outer}");
            embedded += 1;
        }
    }
    assert!(embedded > 400_000, "{embedded}");
}

#[test]
fn addresses_just_outside_the_special_blocks_are_public() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.31.195.255",
        "192.31.197.0",
        "192.52.192.255",
        "192.52.194.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "192.175.47.255",
        "192.175.49.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::",
        "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:200::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2003::",
        "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
        "2620:4f:8001::",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
    ] {
        let address = address.parse().unwrap();
        assert!(is_global_unicast(address), "{address}");
    }
}

#[test]
fn public_addresses_are_public() {
    let blocks = registries();
    let mut chance = Chance(2);
    let allocated: Vec<IpNet> = [
        "0.0.0.0/0",
        "2400::/12",
        "2600::/12",
        "2800::/12",
        "2a00::/12",
    ]
    .map(|block| block.parse().unwrap())
    .to_vec();
    let mut public = 0_u32;
    for _ in 0..100_000 {
        let network = chance.one_of(&allocated);
        let address = chance.address_in(network);
        if blocks.iter().any(|block| block.contains(&address)) {
            continue;
        }
        assert!(is_global_unicast(address), "{address}");
        public += 1;
        // A mapped address is the one inside it, and DNS64 gives the other.
        if let IpAddr::V4(inner) = address {
            let nat64 = Ipv6Addr::from(0x64_ff9b << 96 | u128::from(u32::from(inner)));
            assert!(is_global_unicast(nat64.into()), "{nat64}");
            assert!(is_global_unicast(inner.to_ipv6_mapped().into()), "{inner}");
        }
    }
    assert!(public > 90_000, "{public}");
}

#[test]
fn forms_that_nobody_uses_any_more_are_refused_with_a_public_host_in_them_too() {
    for address in [
        "::8.8.8.8",
        "::ffff:0:8.8.8.8",
        "64:ff9b:1::8.8.8.8",
        "2002:808:808::1",
        "2001:0:808:808::f7f7:f7f7",
        "fe80::5efe:8.8.8.8",
        "2a00:1450:4001::5efe:8.8.8.8",
        "2a00:1450:4001::200:5efe:8.8.8.8",
    ] {
        let address = address.parse().unwrap();
        assert!(!is_global_unicast(address), "{address}");
    }
}
