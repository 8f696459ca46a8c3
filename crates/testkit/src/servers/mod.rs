//! Real servers for tests: each on a free port of this machine, with its files in a directory of its own, and
//! gone when the test is.
//!
//! A server that is not installed is no failure: what needs it gets a [`Skip`] and passes, having said what is
//! missing. Where `CI=true` a skip is a failure, so that nothing is left out unseen:
//!
//! ```no_run
//! use landfall_testkit::servers::{self, RedisServer};
//!
//! let Some(redis) = servers::needed(RedisServer::start()) else {
//!     return;
//! };
//! println!("{}", redis.url());
//! ```
//!
//! A test that only needs room of its own and does no harm to others takes it on a server that is there for
//! all: [`postgres::database`], [`redis::shared`], [`nats::shared`]. Those are the ones that these variables
//! name (`cargo xtask test` starts them for the whole run), or else one for each process of tests.

pub mod browser;
mod leash;
pub mod nats;
pub mod postgres;
pub mod redis;
pub mod smtp;

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub use self::browser::BrowserDriver;
pub use self::nats::NatsServer;
pub use self::postgres::{PostgresDatabase, PostgresServer};
pub use self::redis::RedisServer;
pub use self::smtp::SmtpSink;

/// The URL of a PostgreSQL server that is there for all tests, of a user who may create databases.
pub const POSTGRES: &str = "LANDFALL_TEST_POSTGRES";
/// The URL of a Redis server that is there for all tests.
pub const REDIS: &str = "LANDFALL_TEST_REDIS";
/// The URL of a NATS server with JetStream that is there for all tests.
pub const NATS: &str = "LANDFALL_TEST_NATS";
/// The directory of PostgreSQL's programs, where it is not one of the usual ones.
pub const POSTGRES_PROGRAMS: &str = "LANDFALL_PG_BIN";
/// The program `nats-server`, where it is not on the path.
pub const NATS_PROGRAM: &str = "LANDFALL_NATS_BIN";

/// Why a test cannot run here: a server that is not installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// What is missing, and where it was looked for.
    pub missing: String,
}

impl Skip {
    pub(crate) fn new(missing: impl Into<String>) -> Self {
        Self {
            missing: missing.into(),
        }
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "skipped: {}", self.missing)
    }
}

/// What a test needs; `None`, with the reason printed, where it has to be skipped.
#[track_caller]
pub fn needed<T>(found: Result<T, Skip>) -> Option<T> {
    found.map_err(|skip| skip_or_fail(&skip)).ok()
}

/// Says what was skipped; where `CI=true`, fails.
#[track_caller]
pub fn skip_or_fail(skip: &Skip) {
    assert!(
        variable("CI").is_none_or(|ci| ci != "true"),
        "{skip}; nothing may be skipped where CI=true"
    );
    eprintln!("{skip}");
}

/// A name that no other test uses, for a database, a prefix of keys, a stream or a subject: lower-case letters,
/// digits and `_`, beginning with a letter.
pub fn unique_name() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t{:016x}_{count}", *PROCESS)
}

/// A port of the loopback interface that nobody listens on at present. Another program may take it before it
/// is used: who starts a server on it sees whether it runs, and else tries another.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .unwrap_or_else(|error| panic!("no free port: {error}"))
        .port()
}

/// A variable of the environment, which is how the test runner says where servers are.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// As [`variable`], for a URL.
fn url_variable(name: &str) -> Option<String> {
    let value = variable(name)?;
    let text = value.into_string();
    Some(text.unwrap_or_else(|_| panic!("{name} is no text")))
}

/// A program on the path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Where `cargo xtask test` keeps the servers that it fetched.
fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools")
}

/// A connection to a server on this machine that gives up when nothing comes.
fn dial(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

#[cfg(test)]
mod tests;
