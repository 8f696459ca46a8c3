//! How often a key may ask, and how often an address may show a wrong one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::answer::Actor;

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// Addresses of which it is known how often they were wrong of late. Beyond it, those that have been quiet are
/// forgotten.
const ADDRESSES: usize = 10_000;

/// Counts what each key asks, and what was wrong.
pub struct Rates {
    keys: Option<Keyed<Actor>>,
    failures: Keyed<IpAddr>,
}

impl Rates {
    /// So many requests a second of each key (`None`: any number), and so many wrong keys from each address.
    /// Of both, a second's worth may come at once.
    pub fn new(requests: Option<NonZeroU32>, failures: NonZeroU32) -> Self {
        Self {
            keys: requests.map(|most| RateLimiter::hashmap(Quota::per_second(most))),
            failures: RateLimiter::hashmap(Quota::per_second(failures)),
        }
    }

    /// Whether a key may ask once more.
    pub fn may_ask(&self, key: &Actor) -> bool {
        self.keys
            .as_ref()
            .is_none_or(|keys| keys.check_key(key).is_ok())
    }

    /// Whether an address may be wrong once more.
    pub fn may_be_wrong(&self, address: Option<IpAddr>) -> bool {
        if self.failures.len() >= ADDRESSES {
            self.failures.retain_recent();
            self.failures.shrink_to_fit();
        }
        if self.failures.len() >= ADDRESSES {
            // So many at once is an attack: nobody is told what is wrong with a key.
            return false;
        }
        self.failures.check_key(&whose(address)).is_ok()
    }
}

/// Whoever has an IPv6 address has the rest of its /64, too.
fn whose(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some(IpAddr::V6(v6)) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        Some(v4) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_second(most: u32) -> NonZeroU32 {
        NonZeroU32::new(most).unwrap()
    }

    #[test]
    fn each_key_has_a_rate_of_its_own() {
        let rates = Rates::new(Some(per_second(2)), per_second(1));
        let (shop, desk): (Actor, Actor) = ("shop".into(), "desk".into());
        assert!(rates.may_ask(&shop) && rates.may_ask(&shop));
        assert!(!rates.may_ask(&shop));
        assert!(rates.may_ask(&desk));
        let unlimited = Rates::new(None, per_second(1));
        assert!((0..100_000).all(|_| unlimited.may_ask(&shop)));
    }

    #[test]
    fn an_address_is_wrong_for_all_of_its_network() {
        let rates = Rates::new(None, per_second(1));
        let wrong = |address: &str| rates.may_be_wrong(Some(address.parse().unwrap()));
        assert!(wrong("192.0.2.1"));
        assert!(!wrong("192.0.2.1"));
        assert!(!wrong("::ffff:192.0.2.1"));
        assert!(wrong("192.0.2.2"));
        assert!(wrong("2001:db8::1"));
        assert!(!wrong("2001:db8::ffff:2"));
        assert!(wrong("2001:db8:0:1::1"));
    }

    #[test]
    fn what_is_kept_of_addresses_has_a_bound() {
        let rates = Rates::new(None, NonZeroU32::MIN);
        let addresses = u32::try_from(ADDRESSES).unwrap();
        for bits in 0..2 * addresses {
            rates.may_be_wrong(Some(IpAddr::V4(Ipv4Addr::from_bits(bits))));
        }
        assert!(rates.failures.len() <= ADDRESSES);
    }
}
