//! What every place for API keys must do.

use jiff::{Timestamp, ToSpan};
use landfall_service::access::{
    AccessError, AccessKeys, Entropy, Issued, NoEntropy, Revocation, Role, issue,
};
use landfall_service::keys::Keys;
use landfall_service::store::Store;

/// Not random: each byte is this one.
pub struct Same(
    /// The byte.
    pub u8,
);

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(self.0);
        Ok(())
    }
}

/// A key of this name; two with the same byte are the same.
pub fn made_up(name: &str, role: Role, byte: u8) -> Issued {
    let name = name.parse().unwrap_or_else(|error| panic!("{error}"));
    let time = Timestamp::UNIX_EPOCH + i64::from(byte).hours();
    issue(name, role, time, &Same(byte)).unwrap_or_else(|error| panic!("{error}"))
}

/// What `writer` changes, `reader` sees at once. The two are on the same database, which has no keys yet.
pub async fn keys_are_kept(writer: &dyn AccessKeys, reader: &dyn AccessKeys) {
    let mut version = reader.version().await.expect("a version");
    let none = reader.keys().await.expect("no keys");
    assert!(none.keys.is_empty());
    assert_eq!(none.version, version);

    let mut kept = Vec::new();
    for (byte, role) in (1..).zip(Role::ALL) {
        let issued = made_up(&format!("key-{byte}"), role, byte);
        writer.create(&issued.key).await.expect("a new key");
        kept.push(issued.key);
        let now = reader.version().await.expect("a version");
        assert_ne!(now, version, "a new key moves the version");
        version = now;
        let found = reader.keys().await.expect("keys");
        assert_eq!((found.version, &found.keys), (version, &kept));
    }

    let again = made_up("key-2", Role::Admin, 99);
    let taken = writer.create(&again.key).await;
    assert_eq!(taken, Err(AccessError::NameTaken(again.key.name.clone())));

    let (first, later) = (
        Timestamp::UNIX_EPOCH + 100.hours(),
        Timestamp::UNIX_EPOCH + 200.hours(),
    );
    let name = &kept[1].name.clone();
    assert_eq!(writer.revoke(name, first).await, Ok(Revocation::Done));
    let now = reader.version().await.expect("a version");
    assert_ne!(now, version, "a revocation moves the version");
    version = now;
    kept[1].revoked = Some(first);
    let found = reader.keys().await.expect("keys");
    assert_eq!((found.version, &found.keys), (version, &kept));

    // What changes nothing moves nothing.
    assert_eq!(
        writer.revoke(name, later).await,
        Ok(Revocation::Already(first))
    );
    let nobody = "nobody".parse().expect("a name");
    assert_eq!(
        writer.revoke(&nobody, later).await,
        Err(AccessError::Unknown(nobody))
    );
    let taken = writer.create(&again.key).await;
    assert_eq!(
        taken,
        Err(AccessError::NameTaken(again.key.name)),
        "a name is used once, also when its key is revoked"
    );
    assert_eq!(reader.version().await, Ok(version));
    assert_eq!(reader.keys().await.expect("keys").keys, kept);
}

/// A unit of work that asks for it tells the version of the keys as of when it began, whoever changes them. The two are
/// on the same database, whose only keys these will be.
pub async fn a_store_tells_the_version(store: &mut impl Store, keys: &dyn AccessKeys) {
    assert!(keys.seen_by_engine());
    let asked = Keys {
        heads: vec![0],
        access_version: true,
        ..Keys::default()
    };
    for byte in 1..4 {
        let version = keys.version().await.expect("a version");
        let loaded = store.begin(&asked).await.expect("a unit of work");
        assert_eq!(loaded.access_version, Some(version));
        store.roll_back().await.expect("its end");
        let issued = made_up(&format!("key-{byte}"), Role::Orders, byte);
        keys.create(&issued.key).await.expect("a new key");
        assert_ne!(keys.version().await, Ok(version));
    }
}
