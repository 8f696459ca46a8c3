//! API keys in the database file: read by the service before each request, changed by whoever runs it, also from
//! another process while the service writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::access::{
    AccessError, AccessKey, AccessKeys, KeyName, Keys, Revocation, secret::Digest,
};
use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior, params};

use crate::codes;
use crate::connection;
use crate::error::{Fault, OpenError};
use crate::kind::Kind;
use crate::lock::WriterLock;
use crate::options::Options;

/// How long a change waits for its turn: a busy service leaves the file alone for moments only.
const TURN: Duration = Duration::from_secs(30);

/// The keys in a database file. Clones share a connection.
#[derive(Clone)]
pub struct SqliteKeys {
    path: PathBuf,
    options: Options,
    /// The connection that asks for the version, kept because that is asked all the time.
    asking: Arc<Mutex<Option<Connection>>>,
}

impl SqliteKeys {
    /// Of an existing database whose schema is this version's.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let asking = asking(path, options)?;
        Ok(Self {
            path: path.to_owned(),
            options: options.clone(),
            asking: Arc::new(Mutex::new(Some(asking))),
        })
    }

    /// As [`SqliteKeys::open`]; makes the database, or migrates it, where that is needed and nobody else has it.
    pub fn open_or_make(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        match Kind::of(path)? {
            Kind::Landfall | Kind::Other => match Self::open(path, options) {
                Err(OpenError::Older { .. }) => {}
                other => return other,
            },
            Kind::Missing | Kind::Empty => {}
        }
        let lock = WriterLock::acquire(path)?;
        drop(connection::writer(path, options)?);
        let keys = Self::open(path, options);
        drop(lock);
        keys
    }

    /// The version, at once: the row is in memory, and a reader of a write-ahead log waits for nobody. Going to
    /// another thread for it would take longer than the answer. None: it has to be asked for otherwise.
    fn version_at_once(&self) -> Option<u64> {
        let mut asking = self.asking.try_lock().ok()?;
        let version = version(asking.as_ref()?);
        if version.is_err() {
            // A connection that failed is not used again.
            *asking = None;
        }
        version.ok()
    }

    /// The version, on a new connection, however long that takes.
    fn version_anew(&self) -> Result<u64, AccessError> {
        let connection = asking(&self.path, &self.options).map_err(unavailable)?;
        let version = version(&connection).map_err(failed)?;
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(version)
    }

    fn read_all(&self) -> Result<Keys, AccessError> {
        let mut connection = connection::reader(&self.path, &self.options).map_err(unavailable)?;
        let transaction = connection.transaction().map_err(sqlite)?;
        let version = version(&transaction).map_err(failed)?;
        let keys = all(&transaction).map_err(failed)?;
        Ok(Keys { version, keys })
    }

    /// One change, in a transaction of its own; the version moves with it.
    fn change<T>(
        &self,
        change: impl FnOnce(&Connection) -> Result<Option<T>, AccessError>,
        otherwise: impl FnOnce(&Connection) -> Result<T, AccessError>,
    ) -> Result<T, AccessError> {
        let mut connection = writing(&self.path, &self.options).map_err(unavailable)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite)?;
        let Some(done) = change(&transaction)? else {
            return otherwise(&transaction);
        };
        transaction
            .execute("UPDATE access_version SET version = version + 1", [])
            .map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        Ok(done)
    }
}

#[async_trait]
impl AccessKeys for SqliteKeys {
    async fn version(&self) -> Result<u64, AccessError> {
        if let Some(version) = self.version_at_once() {
            return Ok(version);
        }
        let keys = self.clone();
        on_a_thread(move || keys.version_anew()).await
    }

    fn seen_by_engine(&self) -> bool {
        true
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        let keys = self.clone();
        on_a_thread(move || keys.read_all()).await
    }

    async fn create(&self, key: &AccessKey) -> Result<(), AccessError> {
        let (keys, key) = (self.clone(), key.clone());
        on_a_thread(move || {
            keys.change(
                |connection| {
                    let taken = find(connection, &key.name)?.is_some();
                    if taken {
                        return Ok(None);
                    }
                    insert(connection, &key).map(Some)
                },
                |_| Err(AccessError::NameTaken(key.name.clone())),
            )
        })
        .await
    }

    async fn revoke(&self, name: &KeyName, now: Timestamp) -> Result<Revocation, AccessError> {
        let (keys, name) = (self.clone(), name.clone());
        on_a_thread(move || {
            keys.change(
                |connection| {
                    let changed = connection
                        .execute(
                            "UPDATE access_keys SET revoked = ?2 WHERE name = ?1 AND revoked IS NULL",
                            params![name.as_str(), codes::micros(now)],
                        )
                        .map_err(sqlite)?;
                    Ok((changed == 1).then_some(Revocation::Done))
                },
                |connection| {
                    let since = find(connection, &name)?.and_then(|found| found.revoked);
                    since
                        .map(Revocation::Already)
                        .ok_or_else(|| AccessError::Unknown(name.clone()))
                },
            )
        })
        .await
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AccessError> + Send + 'static,
) -> Result<T, AccessError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(AccessError::Unavailable("it was broken off".into())),
    }
}

/// A connection that asks for the version: one that waits for nobody.
fn asking(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let connection = connection::reader(path, options)?;
    connection
        .busy_timeout(Duration::ZERO)
        .map_err(|source| OpenError::Sqlite {
            path: path.into(),
            source,
        })?;
    Ok(connection)
}

/// A connection for one change of the keys. Unlike the service's it holds no lock, makes nothing and migrates
/// nothing; and the write-ahead log it leaves to the service.
fn writing(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let sqlite = |source| OpenError::Sqlite {
        path: path.into(),
        source,
    };
    // Of whatever else this file may be, a reader is told.
    drop(connection::reader(path, options)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.busy_timeout(TURN).map_err(sqlite)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")
        .map_err(sqlite)?;
    Ok(connection)
}

/// The version of the keys: another one with each change.
pub(crate) fn version(connection: &Connection) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached("SELECT version FROM access_version")?;
    let version: i64 = statement.query_row([], |row| row.get(0))?;
    u64::try_from(version).map_err(|_| Fault::Corrupt(format!("{version} is no version")))
}

fn all(connection: &Connection) -> Result<Vec<AccessKey>, Fault> {
    let mut statement = connection.prepare(
        "SELECT name, id, role, digest, created, revoked FROM access_keys ORDER BY created, name",
    )?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(key(row)?);
    }
    Ok(keys)
}

fn key(row: &Row<'_>) -> Result<AccessKey, Fault> {
    let corrupt = |what: String| Fault::Corrupt(format!("a key's {what}"));
    let (name, role): (String, String) = (row.get(0)?, row.get(2)?);
    let digest: [u8; 32] = row.get(3)?;
    let revoked: Option<i64> = row.get(5)?;
    Ok(AccessKey {
        name: name
            .parse()
            .map_err(|_| corrupt(format!("name is {name:?}")))?,
        id: row.get(1)?,
        role: role
            .parse()
            .map_err(|_| corrupt(format!("role is {role:?}")))?,
        digest: Digest::from(digest),
        created: codes::time_of(row.get(4)?)?,
        revoked: revoked.map(codes::time_of).transpose()?,
    })
}

/// A key that is there.
struct Found {
    revoked: Option<Timestamp>,
}

fn find(connection: &Connection, name: &KeyName) -> Result<Option<Found>, AccessError> {
    let mut statement = connection
        .prepare("SELECT revoked FROM access_keys WHERE name = ?1")
        .map_err(sqlite)?;
    let mut rows = statement.query([name.as_str()]).map_err(sqlite)?;
    let Some(row) = rows.next().map_err(sqlite)? else {
        return Ok(None);
    };
    let revoked: Option<i64> = row.get(0).map_err(sqlite)?;
    let revoked = revoked.map(codes::time_of).transpose().map_err(failed)?;
    Ok(Some(Found { revoked }))
}

fn insert(connection: &Connection, key: &AccessKey) -> Result<(), AccessError> {
    let inserted = connection.execute(
        "INSERT INTO access_keys (name, id, role, digest, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            key.name.as_str(),
            key.id,
            key.role.name(),
            key.digest.bytes(),
            codes::micros(key.created),
        ],
    );
    inserted.map(drop).map_err(sqlite)
}

fn sqlite(error: rusqlite::Error) -> AccessError {
    failed(error.into())
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn unavailable(error: OpenError) -> AccessError {
    AccessError::Unavailable(error.to_string())
}

fn failed(fault: Fault) -> AccessError {
    use landfall_service::views::ViewError;
    match fault.into_view_error() {
        ViewError::Corrupt(what) => AccessError::Corrupt(what),
        ViewError::Unavailable(why) => AccessError::Unavailable(why),
        other @ ViewError::BadCursor => AccessError::Corrupt(other.to_string()),
    }
}
