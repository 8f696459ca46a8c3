//! How much waits for stock: asked of the database at most once in a while, so that nobody loads it by looking at
//! metrics.

use std::time::{Duration, Instant};

use landfall_service::views::{Views, Waiting};
use tokio::sync::Mutex;

/// How long the database may take: whoever collects metrics does not wait long either.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was last answered, and when; `None` in it: the database did not answer.
#[derive(Default)]
pub(super) struct Backorders(Mutex<Option<(Instant, Option<Waiting>)>>);

impl Backorders {
    /// What waits, as it was at most so long ago. `None`: the database does not say, and no number is better than an
    /// old one that nobody can tell from the present one.
    pub(super) async fn now(&self, views: &dyn Views, age: Duration) -> Option<Waiting> {
        // Those who come while it is asked share the answer.
        let mut known = self.0.lock().await;
        if let Some((asked, waiting)) = *known
            && asked.elapsed() < age
        {
            return waiting;
        }
        let asked = Instant::now();
        let waiting = match tokio::time::timeout(PATIENCE, views.waiting()).await {
            Ok(Ok(waiting)) => Some(waiting),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the number of backorders is not known");
                None
            }
            Err(_) => {
                tracing::warn!(
                    "the number of backorders is not known: the database takes too long"
                );
                None
            }
        };
        *known = Some((asked, waiting));
        waiting
    }
}
