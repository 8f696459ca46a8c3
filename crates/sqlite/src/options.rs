//! What can be set, and what is good where nothing is.

use std::time::Duration;

/// How a database is opened. The defaults suit a service with a memory budget of 300 MB.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of the file that the writer keeps in memory. More is slower: after most commits SQLite walks
    /// through all that it keeps, and what it does not keep the operating system does.
    pub cache_bytes: u64,
    /// Bytes that each reader keeps in memory.
    pub reader_cache_bytes: u64,
    /// Connections that read at the same time.
    pub readers: usize,
    /// How long a reader waits for one of them.
    pub reader_wait: Duration,
    /// How long a connection waits for another one's lock: another process may be at work on the file.
    pub busy_timeout: Duration,
    /// The write-ahead log is carried over into the database each time it has grown by so many pages of
    /// 4 KiB. More: less is written twice, but each time takes longer.
    pub checkpoint_pages: u32,
    /// How many entries of the index of allocations may be still to be made. More: more of them go to one
    /// page at a time, but starting, and reading the orders of a batch, takes longer.
    pub unsettled: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
            reader_cache_bytes: 4 << 20,
            readers: 4,
            reader_wait: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            checkpoint_pages: 2_000,
            unsettled: 32_768,
        }
    }
}
