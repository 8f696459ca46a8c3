//! What can be set, and what is good where nothing is.

use std::path::PathBuf;
use std::time::Duration;

/// How a database is used. The defaults suit a service near its database.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many partitions a database gets that is made now; one that is there keeps those that it has.
    pub partitions: u16,
    /// A file with the certificates of those who vouch for the server, where the URL names none; none: those that the
    /// system trusts.
    pub ca_file: Option<PathBuf>,
    /// How long a new connection may take.
    pub connect_timeout: Duration,
    /// How long a statement may take. A connection on which no answer comes for longer than this and
    /// `connect_timeout` is given up.
    pub statement_timeout: Duration,
    /// How long a unit of work waits for a partition that another one holds. Then it is a conflict.
    pub lock_timeout: Duration,
    /// How long a unit of work may hold its partitions and not say anything. Then the database ends it, so that a
    /// replica that was stopped or cut off holds nobody up.
    pub idle_timeout: Duration,
    /// How long a writer that lost the answer to COMMIT tries to find out whether it happened.
    pub resolve_timeout: Duration,
    /// How many connections read, at the most. A question waits while all of them are in use.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partitions: 16,
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(2),
            resolve_timeout: Duration::from_secs(10),
            readers: 8,
        }
    }
}
