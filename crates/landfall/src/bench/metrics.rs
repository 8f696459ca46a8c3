//! The mean group size over an interval, from two readings of the service's `/metrics`.

use super::client::Connection;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// A reading that takes longer is of no use: the interval has moved on.
const PATIENCE: Duration = Duration::from_secs(2);

/// The engine's counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Groups {
    /// Groups committed.
    groups: f64,
    /// Commands in them.
    commands: f64,
}

impl Groups {
    /// Asks the service; `None` when it does not tell.
    pub(super) async fn read(server: SocketAddr) -> Option<Self> {
        let read = async {
            let mut connection = Connection::open(server).await.ok()?;
            let head = connection.get(server, "/metrics").await.ok()?;
            let text = std::str::from_utf8(connection.body()).ok()?;
            if head.status == 200 {
                Self::parse(text)
            } else {
                None
            }
        };
        timeout(PATIENCE, read).await.ok()?
    }

    /// Finds both counters in Prometheus' text format, summed over their labels.
    fn parse(text: &str) -> Option<Self> {
        Some(Self {
            groups: counter(text, "landfall_group_size_count")?,
            commands: counter(text, "landfall_group_size_sum")?,
        })
    }

    /// Commands a group since `earlier`.
    pub(super) fn mean_since(self, earlier: Self) -> Option<f64> {
        let groups = self.groups - earlier.groups;
        (groups > 0.0).then(|| (self.commands - earlier.commands) / groups)
    }
}

/// The sum of a counter's samples; `None` when there is no sample.
fn counter(text: &str, name: &str) -> Option<f64> {
    let samples = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        // A label's value may hold spaces and braces; the value follows the last brace.
        let value = match rest.strip_prefix('{') {
            Some(labelled) => labelled.rsplit_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        // A timestamp may follow the value.
        value.split_ascii_whitespace().next()?.parse::<f64>().ok()
    });
    samples.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE landfall_group_size histogram\n\
        landfall_group_size_count{writer=\"a } b\"} 10\n\
        landfall_group_size_count{writer=\"2\"} 5 1700000000\n\
        landfall_group_size_counted 99\n\
        landfall_group_size_sum 300\n";

    #[test]
    fn counters_are_summed_over_their_labels() {
        assert_eq!(
            Groups::parse(TEXT),
            Some(Groups {
                groups: 15.0,
                commands: 300.0
            })
        );
    }

    #[test]
    fn a_missing_counter_is_not_zero() {
        assert_eq!(Groups::parse("landfall_group_size_count 3\n"), None);
        assert_eq!(Groups::parse(""), None);
    }

    #[test]
    fn the_mean_is_of_the_interval() {
        let before = Groups {
            groups: 10.0,
            commands: 100.0,
        };
        let after = Groups {
            groups: 20.0,
            commands: 740.0,
        };
        assert_eq!(after.mean_since(before), Some(64.0));
        assert_eq!(after.mean_since(after), None);
    }
}
