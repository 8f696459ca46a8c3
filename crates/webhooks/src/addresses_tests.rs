//! Addresses by name, and the edges of every range.

use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Reach {
    reach(text.parse().unwrap())
}

#[test]
fn well_known_addresses() {
    for public in [
        "1.1.1.1",
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
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ] {
        assert_eq!(of(public), Public, "{public}");
    }
    for private in [
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.1",
        "198.19.255.255",
        "::1",
        "fc00::1",
        "fdff::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::192.168.1.1",
    ] {
        assert!(matches!(of(private), Private(_)), "{private}");
    }
    for nobody in [
        "0.0.0.0",
        "0.1.2.3",
        "100.100.100.200",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "169.254.169.254",
        "192.0.0.192",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::2",
        "::127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.1",
        "100::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "2001::1",
        "2001:2::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "4000::1",
        "5f00::1",
    ] {
        assert!(matches!(of(nobody), Nobody(_)), "{nobody}");
    }
}

proptest! {
    /// The standard library knows some of the ranges by itself.
    #[test]
    fn what_the_standard_library_calls_local_is_not_public(bits in any::<u32>()) {
        let address = Ipv4Addr::from_bits(bits);
        let local = address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_multicast()
            || address.is_broadcast()
            || address.is_unspecified()
            || address.is_documentation();
        prop_assert!(!local || reach(address.into()) != Public);
    }

    /// However an address of IPv4 is written as one of IPv6, it reaches no farther.
    #[test]
    fn a_disguise_opens_nothing(
        low in any::<[u8; 2]>(),
        head in prop::sample::select(vec![[10, 0], [127, 0], [169, 254], [192, 168], [100, 64], [8, 8]]),
    ) {
        let bits = u32::from_be_bytes([head[0], head[1], low[0], low[1]]);
        let plain = Ipv4Addr::from_bits(bits);
        for disguise in [
            u128::from(bits) | 0xffff << 32,
            u128::from(bits) | 0x0064_ff9b << 96,
        ] {
            prop_assert_eq!(reach(Ipv6Addr::from_bits(disguise).into()), reach(plain.into()));
        }
        for tunnel in [u128::from(bits), 0x2002 << 112 | u128::from(bits) << 80] {
            prop_assert!(reach(Ipv6Addr::from_bits(tunnel).into()) != Public);
        }
    }

    #[test]
    fn only_global_unicast_is_public(bits in any::<u128>()) {
        let address = Ipv6Addr::from_bits(bits);
        let public = reach(address.into()) == Public;
        prop_assert!(!public || bits >> 125 == 1 || address.to_ipv4_mapped().is_some());
        let local = address.is_loopback()
            || address.is_multicast()
            || address.is_unspecified()
            || address.is_unique_local()
            || address.is_unicast_link_local();
        prop_assert!(!local || !public);
    }
}
