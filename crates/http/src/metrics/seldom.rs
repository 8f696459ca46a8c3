//! What only the database knows: asked of it at most once in a while, so that nobody loads it by looking at metrics.

use std::time::{Duration, Instant};

use landfall_service::views::ViewError;
use tokio::sync::Mutex;

/// How long the database may take: whoever collects metrics does not wait long either.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was last answered, and when; `None` in it: the database did not answer.
pub(super) struct Seldom<T>(Mutex<Option<(Instant, Option<T>)>>);

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Copy> Seldom<T> {
    /// The answer, as it was at most so long ago. `None`: the database does not say, and no number is better than an
    /// old one that nobody can tell from the present one.
    pub(super) async fn now(
        &self,
        age: Duration,
        what: &'static str,
        ask: impl Future<Output = Result<T, ViewError>>,
    ) -> Option<T> {
        // Those who come while it is asked share the answer.
        let mut known = self.0.lock().await;
        if let Some((asked, answer)) = *known
            && asked.elapsed() < age
        {
            return answer;
        }
        let asked = Instant::now();
        let answer = match tokio::time::timeout(PATIENCE, ask).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                tracing::warn!(%error, "{what} is not known");
                None
            }
            Err(_) => {
                tracing::warn!("{what} is not known: the database takes too long");
                None
            }
        };
        *known = Some((asked, answer));
        answer
    }
}
