//! The places of browsers that are told of changes: so many in all, and of them so many for one key, so that nobody can
//! take all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_service::answer::Actor;

/// Places in all.
const ALL: usize = 256;
/// Places of those who come with one key. A screen takes one for each page that it shows.
const OF_A_KEY: usize = 64;

/// Who is told of changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Followers(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_key: HashMap<Actor, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    followers: Followers,
    key: Option<Actor>,
}

impl Followers {
    /// A place for who comes with this key, where there is one left. Without keys there is only this machine.
    pub(crate) fn place(&self, key: Option<Actor>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.all == ALL {
            return None;
        }
        if let Some(key) = &key {
            let of_key = taken.by_key.entry(key.clone()).or_default();
            if *of_key == OF_A_KEY {
                return None;
            }
            *of_key += 1;
        }
        taken.all += 1;
        drop(taken);
        Some(Place {
            followers: self.clone(),
            key,
        })
    }

    /// Nothing that holds the lock can break off halfway.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.followers.taken();
        taken.all = taken.all.saturating_sub(1);
        let Some(key) = &self.key else { return };
        if let Some(of_key) = taken.by_key.get_mut(key) {
            *of_key = of_key.saturating_sub(1);
            if *of_key == 0 {
                taken.by_key.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Actor {
        name.into()
    }

    #[test]
    fn no_key_takes_all_places() {
        let followers = Followers::default();
        let mut places: Vec<_> = (0..OF_A_KEY)
            .map(|_| followers.place(Some(key("wall"))).unwrap())
            .collect();
        assert!(followers.place(Some(key("wall"))).is_none());
        assert!(followers.place(Some(key("clerk"))).is_some());
        places.pop();
        assert!(followers.place(Some(key("wall"))).is_some());
    }

    #[test]
    fn there_are_so_many_in_all() {
        let followers = Followers::default();
        let places: Vec<_> = (0..ALL).map(|_| followers.place(None).unwrap()).collect();
        assert!(followers.place(Some(key("clerk"))).is_none());
        drop(places);
        assert!(followers.place(Some(key("clerk"))).is_some());
        assert!(followers.taken().by_key.is_empty());
    }
}
