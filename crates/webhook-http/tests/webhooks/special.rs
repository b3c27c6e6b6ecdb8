//! Addresses that are not public, and the ways to write them.

use std::net::Ipv4Addr;

pub(crate) const V4: [&str; 17] = [
    "0.0.0.0",
    "10.1.2.3",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.9.10",
    "169.254.169.254",
    "172.16.0.9",
    "192.0.0.170",
    "192.0.2.7",
    "192.88.99.1",
    "192.168.1.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
];

pub(crate) const V6: [&str; 24] = [
    "::",
    "::1",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:1::1",
    "2001:1::2",
    "2001:2::1",
    "2001:3::1",
    "2001:4:112::1",
    "2001:10::1",
    "2001:20::1",
    "2001:30::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::1",
    "2002::1",
    "2620:4f:8000::1",
    "3fff:fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
];

/// An IPv4 address in every form of IPv6 that has one in it.
pub(crate) fn embedded(address: &str) -> Vec<String> {
    let inner: Ipv4Addr = address.parse().unwrap();
    let [a, b, c, d] = inner.octets();
    let [e, f, g, h] = inner.octets().map(|octet| !octet);
    vec![
        format!("::{inner}"),
        format!("::ffff:{inner}"),
        format!("::ffff:0:{inner}"),
        format!("64:ff9b::{inner}"),
        format!("64:ff9b:1::{inner}"),
        format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
        format!("2001:0:808:808::{e:02x}{f:02x}:{g:02x}{h:02x}"),
        format!("fe80::5efe:{inner}"),
        format!("2a00:1450:4001::5efe:{inner}"),
        format!("2a00:1450:4001::200:5efe:{inner}"),
    ]
}

/// An IPv4 address as a host in a URL, in every notation that browsers read.
pub(crate) fn notations(address: &str) -> Vec<String> {
    let inner: Ipv4Addr = address.parse().unwrap();
    let number = u32::from(inner);
    let [a, b, c, d] = inner.octets();
    let low = number & 0xffff;
    vec![
        address.to_owned(),
        format!("{address}."),
        format!("{number}"),
        format!("{number:#x}"),
        format!("{number:#X}").replace("0X", "0x"),
        format!("0{number:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.{b}.{c}.{d}"),
        format!("{a}.{b}.{low}"),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a:#x}.{b}.0{low:o}"),
        address.replace('.', "。"),
        address.replace('.', "．"),
        address.replace('.', "%2e"),
        in_digits_from('０', address),
        in_digits_from('𝟎', address),
        address.bytes().map(|byte| format!("%{byte:02x}")).collect(),
    ]
}

fn in_digits_from(zero: char, address: &str) -> String {
    let digit = |digit: u32| char::from_u32(u32::from(zero) + digit).unwrap();
    address
        .chars()
        .map(|letter| letter.to_digit(10).map_or(letter, digit))
        .collect()
}
