//! Whether it pays to run a group with nothing read for it.
//!
//! It does where lines are new, as they nearly always are. A customer that sends again what it has sent before would let
//! every one of its groups fail once, so after a failure some groups are not tried; after each further one twice as many.

/// The most groups that are not tried after a failure.
const MOST: u32 = 1_024;
/// How many are not tried after the first one.
const FIRST: u32 = 8;

/// How it went lately.
#[derive(Debug, Default)]
pub(super) struct Luck {
    /// How many groups are not tried before the next one is.
    skip: u32,
    /// How many were to be skipped after the last failure; 0: none failed since one succeeded.
    skipped: u32,
}

impl Luck {
    /// Whether this group is to be tried.
    pub(super) fn tries(&mut self) -> bool {
        let tries = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        tries
    }

    /// It went well.
    pub(super) fn hit(&mut self) {
        self.skipped = 0;
    }

    /// It was in vain.
    pub(super) fn missed(&mut self) {
        self.skipped = (self.skipped * 2).clamp(FIRST, MOST);
        self.skip = self.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many groups pass until one is tried.
    fn passed(luck: &mut Luck) -> u32 {
        let mut passed = 0;
        while !luck.tries() {
            passed += 1;
        }
        passed
    }

    #[test]
    fn bad_luck_is_waited_out_longer_each_time() {
        let mut luck = Luck::default();
        assert_eq!(passed(&mut luck), 0);
        for skipped in [8, 16, 32, 64, 128, 256, 512, 1_024, 1_024] {
            luck.missed();
            assert_eq!(passed(&mut luck), skipped);
        }
        luck.hit();
        assert_eq!(passed(&mut luck), 0);
        luck.missed();
        assert_eq!(passed(&mut luck), 8);
    }
}
