//! How much CPU time the neighbours of a virtual machine took: the `steal` of Linux's `/proc/stat`.

/// CPU time since boot, in clock ticks over all cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CpuTimes {
    total: u64,
    steal: u64,
}

impl CpuTimes {
    /// The present times; `None` where the system does not tell.
    pub(super) fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// Parses the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
    /// The guest times after these are part of user and nice already.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.split_ascii_whitespace();
        if words.next()? != "cpu" {
            return None;
        }
        let times: Vec<u64> = words
            .take(8)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        let steal = *times.get(7)?;
        Some(Self {
            total: times.iter().sum(),
            steal,
        })
    }

    /// The share of the time since `earlier` that was stolen, in percent.
    pub(super) fn steal_since(self, earlier: Self) -> Option<f64> {
        let total = self
            .total
            .checked_sub(earlier.total)
            .filter(|&total| total > 0)?;
        let steal = self.steal.checked_sub(earlier.steal)?;
        Some(100.0 * super::report::quotient(steal, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_a_share_of_all_time() {
        let before = CpuTimes::parse("cpu  100 0 50 800 0 0 0 50 7 7\ncpu0 1 2 3\n").unwrap();
        let after = CpuTimes::parse("cpu  150 0 70 810 0 0 0 70 9 9\n").unwrap();
        assert_eq!(
            before,
            CpuTimes {
                total: 1000,
                steal: 50
            }
        );
        assert_eq!(after.steal_since(before), Some(20.0));
    }

    #[test]
    fn what_does_not_tell_steal_is_none() {
        for text in [
            "",
            "cpu0 1 2 3 4 5 6 7 8",
            "cpu 1 2 3 4 5 6 7",
            "cpu a b c d e f g h",
        ] {
            assert_eq!(CpuTimes::parse(text), None, "{text}");
        }
        let times = CpuTimes {
            total: 10,
            steal: 1,
        };
        assert_eq!(times.steal_since(times), None);
    }
}
