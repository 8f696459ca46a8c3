//! API keys in memory keep what every place for keys promises.

use landfall_service::memory::MemoryKeys;

#[tokio::test]
async fn keys_in_memory_are_kept() {
    let keys = MemoryKeys::default();
    landfall_testkit::access::keys_are_kept(&keys, &keys.clone()).await;
}
