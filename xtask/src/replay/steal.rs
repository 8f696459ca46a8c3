//! Time that the machine's neighbours took: without it a figure of speed says little.

/// The processors' time since the machine was started, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuTime {
    all: u64,
    stolen: u64,
}

impl CpuTime {
    /// The state now; none where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// Reads Linux's `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. What
    /// follows is for guests and counted in `user` already.
    fn parse(stat: &str) -> Option<Self> {
        let ticks = stat
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .take(8);
        let ticks: Vec<u64> = ticks.map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self {
            all: ticks.iter().sum(),
            stolen: *ticks.get(7)?,
        })
    }

    /// The share stolen since an earlier moment, in percent.
    pub(super) fn steal_since(self, earlier: Self) -> u64 {
        let all = self.all.saturating_sub(earlier.all).max(1);
        self.stolen.saturating_sub(earlier.stolen) * 100 / all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighth_figure_is_what_the_neighbours_took() {
        let before = CpuTime::parse("cpu  100 0 50 800 10 0 0 40 9 9\ncpu0 1\n").unwrap();
        let after = CpuTime::parse("cpu  150 0 70 800 20 0 0 60 9 9\n").unwrap();
        assert_eq!((before.all, after.steal_since(before)), (1_000, 20));
        assert!(CpuTime::parse("intr 1 2 3").is_none());
    }
}
