//! Pauses that grow while something does not work.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// The pauses of one thing that is tried again and again.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    /// It works: the next pause is a short one.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// Waits; `false`: it is time to stop.
    pub(crate) async fn wait(&mut self, stopping: &CancellationToken) -> bool {
        let pause = self.next;
        self.next = (self.next * 2).min(LONGEST);
        sleep(pause, stopping).await
    }
}

/// Waits so long; `false`: it is time to stop.
pub(crate) async fn sleep(pause: Duration, stopping: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = stopping.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_begin_again() {
        landfall_testkit::run(async {
            let stopped = CancellationToken::new();
            stopped.cancel();
            let mut backoff = Backoff::new();
            for _ in 0..10 {
                assert!(!backoff.wait(&stopped).await, "who stops does not wait");
            }
            assert_eq!(backoff.next, LONGEST);
            backoff.reset();
            assert_eq!(backoff.next, FIRST);
        });
    }
}
