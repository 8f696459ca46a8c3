//! Which addresses a webhook may be sent to.
//!
//! Whoever may name an endpoint should not thereby reach what only this machine or its network can: databases,
//! consoles, the metadata that clouds keep at a link-local address. Source of the ranges: IANA's registries of
//! special-purpose addresses for IPv4 and IPv6 (RFC 6890 and later).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anywhere.
    Public,
    /// This machine or its own network; what it is called.
    Private(&'static str),
    /// No endpoint's: nobody has it, or many, or the cloud's own services; what it is called.
    Nobody(&'static str),
}

use Reach::{Nobody, Private, Public};

/// Address, bits of the prefix, and what it is; the first that fits holds.
const V4: [(Ipv4Addr, u32, Reach); 17] = [
    // Where two clouds keep theirs, one in the midst of the public addresses, one of the private ones.
    (Ipv4Addr::new(168, 63, 129, 16), 32, Nobody("a cloud's own")),
    (
        Ipv4Addr::new(100, 100, 100, 200),
        32,
        Nobody("a cloud's own"),
    ),
    (Ipv4Addr::UNSPECIFIED, 8, Nobody("unspecified")),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Private("private")),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        Private("carrier-grade NAT"),
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Private("loopback")),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Nobody("link-local")),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Private("private")),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Nobody("reserved")),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Nobody("for documentation")),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Nobody("reserved")),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Private("private")),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Private("for benchmarks")),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        Nobody("for documentation"),
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        Nobody("for documentation"),
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Nobody("multicast")),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Nobody("reserved")),
];

const fn v6(a: u16, b: u16, c: u16, d: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
}

/// As [`V4`]. What is in none of them is nobody's.
const V6: [(Ipv6Addr, u32, Reach); 15] = [
    (Ipv6Addr::UNSPECIFIED, 128, Nobody("unspecified")),
    (Ipv6Addr::LOCALHOST, 128, Private("loopback")),
    // Where clouds keep their metadata, in the midst of a private range.
    (v6(0xfd00, 0xec2, 0, 0), 32, Nobody("a cloud's own")),
    (v6(0xfd20, 0xce, 0, 0), 32, Nobody("a cloud's own")),
    (v6(0xfc00, 0, 0, 0), 7, Private("private")),
    (v6(0xfe80, 0, 0, 0), 10, Nobody("link-local")),
    (v6(0xfec0, 0, 0, 0), 10, Nobody("site-local")),
    (v6(0xff00, 0, 0, 0), 8, Nobody("multicast")),
    (v6(0x2001, 0, 0, 0), 32, Nobody("a Teredo tunnel")),
    (v6(0x2001, 0, 0, 0), 23, Nobody("reserved")),
    (v6(0x2001, 0xdb8, 0, 0), 32, Nobody("for documentation")),
    (v6(0x2002, 0, 0, 0), 16, Nobody("a 6to4 tunnel")),
    (v6(0x3fff, 0, 0, 0), 20, Nobody("for documentation")),
    (v6(0x2000, 0, 0, 0), 3, Public),
    (Ipv6Addr::UNSPECIFIED, 0, Nobody("reserved")),
];

/// How far this address reaches. One of IPv4 written as IPv6 reaches as far as that of IPv4.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| of_v6(address), of_v4),
    }
}

/// The address of IPv4 in `::ffff:a.b.c.d` (mapped) and `64:ff9b::a.b.c.d` (NAT64, RFC 6052).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    let bits = address.to_bits();
    let within = |&&(base, prefix, _): &&(Ipv4Addr, u32, Reach)| {
        (bits ^ base.to_bits()).leading_zeros() >= prefix
    };
    V4.iter().find(within).map_or(Public, |found| found.2)
}

fn of_v6(address: Ipv6Addr) -> Reach {
    let bits = address.to_bits();
    let within = |&&(base, prefix, _): &&(Ipv6Addr, u32, Reach)| {
        (bits ^ base.to_bits()).leading_zeros() >= prefix
    };
    V6.iter()
        .find(within)
        .map_or(Nobody("reserved"), |found| found.2)
}

#[cfg(test)]
#[path = "addresses_tests.rs"]
mod tests;
