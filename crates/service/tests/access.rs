//! API keys in memory keep what every place for keys promises.

use landfall_service::memory::{MemoryKeys, MemoryStore};

#[tokio::test]
async fn keys_in_memory_are_kept() {
    let keys = MemoryKeys::default();
    landfall_testkit::access::keys_are_kept(&keys, &keys.clone()).await;
}

#[tokio::test]
async fn a_store_in_memory_tells_the_version_of_its_keys() {
    let (mut store, _) = MemoryStore::new();
    let keys = store.keys();
    landfall_testkit::access::a_store_tells_the_version(&mut store, &keys).await;
}
