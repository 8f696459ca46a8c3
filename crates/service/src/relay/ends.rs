//! Where the log ends, for all sinks of a replica: one question now and then, whatever the number of sinks
//! and partitions.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Options, Relays};

/// The last offset of each partition, by partition.
pub(super) type Ends = Arc<[u64]>;

/// Looks where the log ends when something was committed here, and else now and then, because other replicas
/// write to it as well.
pub(super) async fn look(
    relays: Arc<dyn Relays>,
    mut commits: watch::Receiver<()>,
    ends: watch::Sender<Ends>,
    options: Arc<Options>,
    stopping: CancellationToken,
) {
    let mut engine = true;
    let looking = async {
        loop {
            commits.mark_unchanged();
            match relays.ends().await {
                Ok(found) => {
                    ends.send_if_modified(|known| {
                        let news = **known != *found;
                        if news {
                            *known = found.into();
                        }
                        news
                    });
                }
                Err(error) => tracing::debug!(%error, "the end of the log is not known"),
            }
            // What is committed in quick succession is looked at together.
            sleep(options.gather).await;
            tokio::select! {
                committed = commits.changed(), if engine => engine = committed.is_ok(),
                () = sleep(options.poll.saturating_sub(options.gather)) => {}
            }
        }
    };
    stopping.run_until_cancelled(looking).await;
}
