//! The doorkeeper: sees to it that nobody is let in by keys that are no longer the present ones.
//!
//! Before each request he asks the database for the version of the keys, and reads them all again when it has
//! moved. He does not ask once for each request: those that come while a question is under way share the next
//! one. So every request is answered by a question that began after it came, and the busier the service is, the
//! more requests share one. If the database cannot be asked, nobody is let in.
//!
//! Single commands go by what he saw last ([`Doorkeeper::last_seen`]): their group's unit of work asks for the version
//! anyway, and what was let in by another is not carried out.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::keys::AccessKeys;
use super::ring::{Caller, KeyRing, Refusal};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who may come in while there is no key at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyless {
    /// Everybody: only this machine can connect.
    Open,
    /// Nobody.
    Closed,
}

/// Why the doorkeeper does not know whom to let in: the database's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keys cannot be read: {0}")]
pub struct Unseen(pub Arc<str>);

type Seen = Result<Arc<KeyRing>, Unseen>;

/// Lets callers in. A cheap handle: clones share what they know.
#[derive(Clone)]
pub struct Doorkeeper(Arc<Inner>);

struct Inner {
    /// None: the door stands open, for the API within one process.
    keys: Option<Arc<dyn AccessKeys>>,
    keyless: Keyless,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the last question found. It is only ever used when its version is found to be the present one.
    ring: Option<Arc<KeyRing>>,
    /// Those who wait for the next question.
    next: Arc<Round>,
    waiting: bool,
    /// Whether somebody is asking.
    asking: bool,
}

/// One question, and who waits for its answer.
#[derive(Default)]
struct Round {
    seen: OnceLock<Seen>,
    wakers: Mutex<Vec<Waker>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is done under these locks can be half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Doorkeeper {
    /// At the door of these keys.
    pub fn new(keys: Arc<dyn AccessKeys>, keyless: Keyless) -> Self {
        Self::of(Some(keys), keyless, PATIENCE)
    }

    /// At a door within this process: whoever can call it owns what is behind it.
    pub fn unguarded() -> Self {
        Self::of(None, Keyless::Open, PATIENCE)
    }

    fn of(keys: Option<Arc<dyn AccessKeys>>, keyless: Keyless, patience: Duration) -> Self {
        Self(Arc::new(Inner {
            keys,
            keyless,
            patience,
            state: Mutex::default(),
        }))
    }

    /// Whether anybody is asked for a key at all.
    pub fn is_guarded(&self) -> bool {
        self.0.keys.is_some()
    }

    /// The keys as they are now, or became since: to be called within a Tokio runtime, where the question is
    /// asked.
    pub fn look(&self) -> Looking {
        let round = {
            let mut state = lock(&self.0.state);
            state.waiting = true;
            if !state.asking {
                state.asking = true;
                tokio::spawn(ask(Asking {
                    inner: Arc::clone(&self.0),
                    round: None,
                    at_rest: false,
                }));
            }
            Arc::clone(&state.next)
        };
        Looking { round, place: None }
    }

    /// The keys as they were last seen, where the engine looks with each group of commands whether they are still the
    /// present ones.
    ///
    /// Whoever lets the caller of a command in by them hands the command on with their version, and gives no other
    /// answer than the engine's before he has looked himself.
    pub fn last_seen(&self) -> Option<Arc<KeyRing>> {
        let keys = self.0.keys.as_ref()?;
        let seen = keys.seen_by_engine();
        seen.then(|| lock(&self.0.state).ring.clone()).flatten()
    }

    /// Whom this key, or none, lets in by these keys.
    pub fn admit(&self, ring: &KeyRing, shown: Option<&[u8]>) -> Result<Caller, Refusal> {
        match shown {
            Some(shown) => ring.holder(shown),
            None if !ring.has_any() && self.0.keyless == Keyless::Open => Ok(Caller::NOBODY),
            None => Err(Refusal::NoKey),
        }
    }

    /// Whether somebody who was let in may stay: for requests that take long. `Ok(false)`: the key has been
    /// revoked, or the first key has closed the door for those without one.
    pub async fn may_stay(&self, caller: &Caller) -> Result<bool, Unseen> {
        if !self.is_guarded() {
            return Ok(true);
        }
        Ok(self.look().await?.knows(caller))
    }
}

/// Asks as long as anybody waits.
async fn ask(mut asking: Asking) {
    loop {
        // Those that are about to come can have this answer, too: requests that the runtime has read already.
        tokio::task::yield_now().await;
        let known = {
            let mut state = lock(&asking.inner.state);
            if !state.waiting {
                state.asking = false;
                asking.at_rest = true;
                return;
            }
            state.waiting = false;
            asking.round = Some(std::mem::take(&mut state.next));
            state.ring.clone()
        };
        let seen =
            match tokio::time::timeout(asking.inner.patience, see(&asking.inner, known)).await {
                Ok(seen) => seen,
                Err(_) => Err(Unseen("the database does not answer in time".into())),
            };
        if let Ok(ring) = &seen {
            lock(&asking.inner.state).ring = Some(Arc::clone(ring));
        }
        if let Some(round) = asking.round.take() {
            round.answer(seen);
        }
    }
}

async fn see(inner: &Inner, known: Option<Arc<KeyRing>>) -> Seen {
    let unseen = |error: super::AccessError| Unseen(error.to_string().into());
    let Some(keys) = &inner.keys else {
        return Ok(Arc::default());
    };
    if let Some(known) = known
        && keys.version().await.map_err(unseen)? == known.version()
    {
        return Ok(known);
    }
    Ok(Arc::new(KeyRing::from(keys.keys().await.map_err(unseen)?)))
}

/// A question under way. If it ends before its answer (a panic, the end of the runtime), those who wait are told
/// so, and the next one can be asked.
struct Asking {
    inner: Arc<Inner>,
    round: Option<Arc<Round>>,
    /// Nobody waited any more; somebody may have come since, who asks anew.
    at_rest: bool,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if self.at_rest {
            return;
        }
        let later = {
            let mut state = lock(&self.inner.state);
            state.asking = false;
            state.waiting = false;
            std::mem::take(&mut state.next)
        };
        for round in self.round.take().into_iter().chain([later]) {
            round.answer(Err(Unseen("the question was broken off".into())));
        }
    }
}

impl Round {
    fn answer(&self, seen: Seen) {
        // The first answer counts; there is no second.
        let _ = self.seen.set(seen);
        let wakers = std::mem::take(&mut *lock(&self.wakers));
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The keys to come.
#[must_use = "it looks when it is awaited"]
pub struct Looking {
    round: Arc<Round>,
    /// Of the waker.
    place: Option<usize>,
}

impl Future for Looking {
    type Output = Seen;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Seen> {
        let this = &mut *self;
        if let Some(seen) = this.round.seen.get() {
            return Poll::Ready(seen.clone());
        }
        let mut wakers = lock(&this.round.wakers);
        // The answer may have come meanwhile; whoever gives it wakes those who are in the list by then.
        if let Some(seen) = this.round.seen.get() {
            return Poll::Ready(seen.clone());
        }
        if let Some(waker) = this.place.and_then(|place| wakers.get_mut(place)) {
            waker.clone_from(cx.waker());
        } else {
            this.place = Some(wakers.len());
            wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
#[path = "doorkeeper_tests.rs"]
mod tests;
