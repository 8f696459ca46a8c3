//! The doorkeeper: what he asks, when, and whom he lets in.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::super::{
    AccessError, AccessKey, Entropy, KeyName, Keys, NoEntropy, Revocation, Right, Role, issue,
};
use super::*;
use crate::memory::MemoryKeys;

/// Keys whose version is told only when the test says so, and then counted.
#[derive(Default)]
struct Slow {
    kept: MemoryKeys,
    told: AtomicUsize,
    read: AtomicUsize,
    broken: AtomicBool,
    /// None: at once.
    gate: Option<Semaphore>,
}

#[async_trait]
impl AccessKeys for Slow {
    async fn version(&self) -> Result<u64, AccessError> {
        self.told.fetch_add(1, Ordering::Relaxed);
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        assert!(!self.broken.load(Ordering::Relaxed), "the question panics");
        self.kept.version().await
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.kept.keys().await
    }

    async fn create(&self, key: &AccessKey) -> Result<(), AccessError> {
        self.kept.create(key).await
    }

    async fn revoke(&self, name: &KeyName, now: Timestamp) -> Result<Revocation, AccessError> {
        self.kept.revoke(name, now).await
    }
}

/// A database that is down, or hangs.
struct Down {
    hangs: bool,
}

#[async_trait]
impl AccessKeys for Down {
    async fn version(&self) -> Result<u64, AccessError> {
        self.keys().await.map(|keys| keys.version)
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err(AccessError::Unavailable("no connection".into()))
    }

    async fn create(&self, _: &AccessKey) -> Result<(), AccessError> {
        Err(AccessError::Unavailable("no connection".into()))
    }

    async fn revoke(&self, _: &KeyName, _: Timestamp) -> Result<Revocation, AccessError> {
        Err(AccessError::Unavailable("no connection".into()))
    }
}

/// Not random: each byte is this one.
struct Same(u8);

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(self.0);
        Ok(())
    }
}

async fn add(keys: &dyn AccessKeys, name: &str, role: Role, byte: u8) -> String {
    let issued = issue(
        name.parse().unwrap(),
        role,
        Timestamp::UNIX_EPOCH,
        &Same(byte),
    );
    let issued = issued.unwrap();
    keys.create(&issued.key).await.unwrap();
    issued.text().to_owned()
}

async fn revoke(keys: &dyn AccessKeys, name: &str) -> Revocation {
    let name = name.parse().unwrap();
    keys.revoke(&name, Timestamp::UNIX_EPOCH).await.unwrap()
}

async fn enter(door: &Doorkeeper, shown: Option<&str>) -> Result<Caller, Refusal> {
    let ring = door.look().await.unwrap();
    door.admit(&ring, shown.map(str::as_bytes))
}

#[tokio::test]
async fn the_first_key_closes_the_door_for_good() {
    let keys = MemoryKeys::default();
    let door = Doorkeeper::new(Arc::new(keys.clone()), Keyless::Open);
    let nobody = enter(&door, None).await.unwrap();
    assert_eq!(nobody, Caller::NOBODY);
    assert!(nobody.may(Right::Operate));
    assert_eq!(door.may_stay(&nobody).await, Ok(true));
    // Who shows a key means it.
    assert_eq!(enter(&door, Some("lf_stray")).await, Err(Refusal::BadKey));

    let shop = add(&keys, "shop", Role::Orders, 1).await;
    assert_eq!(enter(&door, None).await, Err(Refusal::NoKey));
    assert_eq!(door.may_stay(&nobody).await, Ok(false));
    let caller = enter(&door, Some(&shop)).await.unwrap();
    assert_eq!(caller.actor().as_deref(), Some("shop"));
    assert_eq!(caller.role(), Role::Orders);

    assert_eq!(revoke(&keys, "shop").await, Revocation::Done);
    assert_eq!(enter(&door, Some(&shop)).await, Err(Refusal::BadKey));
    assert_eq!(door.may_stay(&caller).await, Ok(false));
    assert_eq!(
        enter(&door, None).await,
        Err(Refusal::NoKey),
        "revoking opens no door"
    );
}

#[tokio::test]
async fn where_others_can_connect_nobody_comes_in_without_a_key() {
    let door = Doorkeeper::new(Arc::new(MemoryKeys::default()), Keyless::Closed);
    assert_eq!(enter(&door, None).await, Err(Refusal::NoKey));
}

#[tokio::test]
async fn a_key_that_is_nearly_right_is_wrong() {
    let keys = MemoryKeys::default();
    let right = add(&keys, "shop", Role::Read, 7).await;
    let door = Doorkeeper::new(Arc::new(keys), Keyless::Open);
    assert!(enter(&door, Some(&right)).await.is_ok());
    let other = right.replace("lf_07", "lf_08");
    let (shorter, longer) = (&right[..right.len() - 1], format!("{right}A"));
    let last = format!("{shorter}x");
    let long = format!("{right}{}", "A".repeat(1_000));
    for wrong in ["", "lf_", shorter, &longer, &last, &other, &long] {
        assert_eq!(
            enter(&door, Some(wrong)).await,
            Err(Refusal::BadKey),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn those_who_come_during_a_question_share_the_next_one() {
    let keys = Arc::new(Slow {
        gate: Some(Semaphore::new(1)),
        ..Slow::default()
    });
    let door = Doorkeeper::new(Arc::<Slow>::clone(&keys), Keyless::Open);
    // The first look reads the keys, and so asks for no version.
    door.look().await.unwrap();
    let told = || keys.told.load(Ordering::Relaxed);
    assert_eq!((told(), keys.read.load(Ordering::Relaxed)), (0, 1));
    door.look().await.unwrap();
    assert_eq!(told(), 1);

    // One that asks, and hangs at the gate.
    let first = tokio::spawn(door.look());
    while told() < 2 {
        tokio::task::yield_now().await;
    }
    // They come after the question began: its answer is none for them.
    let later: Vec<_> = (0..100).map(|_| tokio::spawn(door.look())).collect();
    let gate = keys.gate.as_ref().unwrap();
    gate.add_permits(1);
    first.await.unwrap().unwrap();
    while told() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(later.iter().all(|look| !look.is_finished()));
    gate.add_permits(1);
    for look in later {
        look.await.unwrap().unwrap();
    }
    assert_eq!(told(), 3, "a hundred shared one question");
    assert_eq!(
        keys.read.load(Ordering::Relaxed),
        1,
        "nothing moved, nothing was read again"
    );
}

#[tokio::test]
async fn a_change_during_a_question_is_seen_by_those_who_come_after_it() {
    let keys = Arc::new(Slow {
        gate: Some(Semaphore::new(1)),
        ..Slow::default()
    });
    let door = Doorkeeper::new(Arc::<Slow>::clone(&keys), Keyless::Open);
    door.look().await.unwrap();
    let early = tokio::spawn(door.look());
    while keys.told.load(Ordering::Relaxed) < 1 {
        tokio::task::yield_now().await;
    }
    add(&*keys, "shop", Role::Read, 1).await;
    let late = tokio::spawn(door.look());
    keys.gate.as_ref().unwrap().add_permits(1);
    drop(early.await.unwrap().unwrap());
    assert!(late.await.unwrap().unwrap().has_any());
}

#[tokio::test]
async fn nobody_comes_in_while_the_database_is_silent() {
    for hangs in [false, true] {
        let patience = Duration::from_millis(1);
        let door = Doorkeeper::of(Some(Arc::new(Down { hangs })), Keyless::Open, patience);
        assert!(door.look().await.is_err());
        assert!(door.may_stay(&Caller::NOBODY).await.is_err());
    }
}

#[tokio::test]
async fn a_question_that_breaks_off_is_told_and_asked_again() {
    let keys = Arc::new(Slow::default());
    let door = Doorkeeper::new(Arc::<Slow>::clone(&keys), Keyless::Open);
    door.look().await.unwrap();
    keys.broken.store(true, Ordering::Relaxed);
    assert!(door.look().await.is_err());
    keys.broken.store(false, Ordering::Relaxed);
    assert!(door.look().await.is_ok());
}

#[tokio::test]
async fn those_who_go_away_are_in_nobodys_way() {
    let keys = Arc::new(Slow::default());
    let door = Doorkeeper::new(Arc::<Slow>::clone(&keys), Keyless::Open);
    drop(door.look());
    assert!(door.look().await.is_ok());
}

#[tokio::test]
async fn a_name_is_used_once() {
    let keys = MemoryKeys::default();
    add(&keys, "shop", Role::Read, 1).await;
    revoke(&keys, "shop").await;
    assert!(matches!(
        revoke(&keys, "shop").await,
        Revocation::Already(_)
    ));
    let again = issue(
        "shop".parse().unwrap(),
        Role::Read,
        Timestamp::UNIX_EPOCH,
        &Same(2),
    );
    let taken = keys.create(&again.unwrap().key).await;
    assert!(matches!(taken, Err(AccessError::NameTaken(_))));
}
