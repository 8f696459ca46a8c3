//! API keys in the database: read by each replica before each request, changed by whoever runs it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::access::{
    AccessError, AccessKey, AccessKeys, KeyName, Keys, Revocation, secret::Digest,
};
use landfall_service::views::ViewError;
use tokio::sync::Mutex;
use tokio_postgres::Row;

use crate::codes::Micros;
use crate::database::PgDatabase;
use crate::error::Fault;
use crate::link::Link;
use crate::rows::{count, get};

const VERSION: &str = "SELECT version FROM access_version WHERE partition = 0";
/// One statement, so that version and keys are of one moment. Without keys it is one row of which all but the version
/// is null.
const KEYS: &str = "SELECT v.version, k.name, k.id, k.role, k.digest, k.created, k.revoked \
     FROM access_version v LEFT JOIN access_keys k ON k.partition = v.partition \
     WHERE v.partition = 0 ORDER BY k.created, k.name";
const CREATE: &str = "INSERT INTO access_keys (partition, name, id, role, digest, created) \
     VALUES (0, $1, $2, $3, $4, $5) ON CONFLICT (partition, name) DO NOTHING";
const REVOKE: &str =
    "UPDATE access_keys SET revoked = $2 WHERE partition = 0 AND name = $1 AND revoked IS NULL";
const REVOKED: &str = "SELECT revoked FROM access_keys WHERE partition = 0 AND name = $1";
const MOVE_VERSION: &str = "UPDATE access_version SET version = version + 1 WHERE partition = 0";

/// The keys in a database. Clones share a connection, which is theirs alone: whoever is at the door waits for no
/// question of anybody else.
#[derive(Clone)]
pub struct PgKeys {
    database: PgDatabase,
    link: Arc<Mutex<Option<Link>>>,
}

impl PgDatabase {
    /// Its keys. No connection is opened yet.
    pub fn keys(&self) -> PgKeys {
        PgKeys {
            database: self.clone(),
            link: Arc::default(),
        }
    }
}

impl PgKeys {
    async fn open(&self) -> Result<Link, Fault> {
        let session = self.database.options.reader();
        let mut link = Link::open(&self.database.target, &session, "").await?;
        link.prepare(&[VERSION, KEYS]).await?;
        Ok(link)
    }

    /// Asks on the connection that is kept. One that has ended meanwhile (the database was started again, something on
    /// the way forgot it) is replaced once.
    async fn ask(&self, sql: &'static str) -> Result<Vec<Row>, Fault> {
        let mut kept = self.link.lock().await;
        if let Some(link) = kept.take_if(|link| link.is_closed()) {
            drop(link);
        }
        if let Some(link) = kept.take() {
            match query(&link, sql).await {
                Ok(rows) => {
                    *kept = Some(link);
                    return Ok(rows);
                }
                Err(fault) if !fault.ends_link() => return Err(fault),
                Err(_) => {}
            }
        }
        let link = self.open().await?;
        let rows = query(&link, sql).await?;
        *kept = Some(link);
        Ok(rows)
    }

    /// One change, in a transaction of its own; the version moves with it. `false`: nothing changed.
    async fn change(
        &self,
        link: &mut Link,
        sql: &str,
        values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<bool, Fault> {
        let transaction = link.client.transaction().await?;
        if transaction.execute(sql, values).await? == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.execute(MOVE_VERSION, &[]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn writing(&self) -> Result<Link, Fault> {
        let session = self.database.options.writer();
        Link::open(&self.database.target, &session, "").await
    }
}

async fn query(link: &Link, sql: &'static str) -> Result<Vec<Row>, Fault> {
    let rows = link.client.query(link.statement(sql)?, &[]);
    let rows = link.answered(rows).await?;
    rows.map_err(|error| link.why(error.into()))
}

#[async_trait]
impl AccessKeys for PgKeys {
    async fn version(&self) -> Result<u64, AccessError> {
        let rows = self.ask(VERSION).await.map_err(failed)?;
        version(rows.first()).map_err(failed)
    }

    fn seen_by_engine(&self) -> bool {
        true
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        let rows = self.ask(KEYS).await.map_err(failed)?;
        let version = version(rows.first()).map_err(failed)?;
        let keys = rows.iter().filter_map(|row| key(row).transpose());
        let keys = keys.collect::<Result<_, _>>().map_err(failed)?;
        Ok(Keys { version, keys })
    }

    async fn create(&self, key: &AccessKey) -> Result<(), AccessError> {
        let mut link = self.writing().await.map_err(failed)?;
        let made = self
            .change(
                &mut link,
                CREATE,
                &[
                    &key.name.as_str(),
                    &key.id,
                    &key.role.name(),
                    &key.digest.bytes().as_slice(),
                    &Micros::of(key.created),
                ],
            )
            .await;
        if made.map_err(failed)? {
            Ok(())
        } else {
            Err(AccessError::NameTaken(key.name.clone()))
        }
    }

    async fn revoke(&self, name: &KeyName, now: Timestamp) -> Result<Revocation, AccessError> {
        let mut link = self.writing().await.map_err(failed)?;
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&name.as_str(), &Micros::of(now)];
        if self
            .change(&mut link, REVOKE, values)
            .await
            .map_err(failed)?
        {
            return Ok(Revocation::Done);
        }
        let found = link.client.query_opt(REVOKED, &[&name.as_str()]).await;
        let found = found.map_err(|error| failed(error.into()))?;
        let row = found.ok_or_else(|| AccessError::Unknown(name.clone()))?;
        let since: Micros = get(&row, 0).map_err(failed)?;
        Ok(Revocation::Already(since.time().map_err(failed)?))
    }
}

fn version(row: Option<&Row>) -> Result<u64, Fault> {
    let row = row.ok_or_else(|| Fault::Corrupt("the version of the keys is gone".into()))?;
    count(row, 0)
}

/// The key of a row; none in the row that stands for no keys.
fn key(row: &Row) -> Result<Option<AccessKey>, Fault> {
    let corrupt = |what: &str, is: &str| Fault::Corrupt(format!("a key's {what} is {is:?}"));
    let Some(name) = get::<Option<&str>>(row, 1)? else {
        return Ok(None);
    };
    let (role, digest): (&str, &[u8]) = (get(row, 3)?, get(row, 4)?);
    let digest: [u8; 32] = digest
        .try_into()
        .map_err(|_| Fault::Corrupt("a key's digest has another length".into()))?;
    let revoked: Option<Micros> = get(row, 6)?;
    Ok(Some(AccessKey {
        name: name.parse().map_err(|_| corrupt("name", name))?,
        id: get(row, 2)?,
        role: role.parse().map_err(|_| corrupt("role", role))?,
        digest: Digest::from(digest),
        created: get::<Micros>(row, 5)?.time()?,
        revoked: revoked.map(Micros::time).transpose()?,
    }))
}

fn failed(fault: Fault) -> AccessError {
    match fault.into_view_error() {
        ViewError::Corrupt(what) => AccessError::Corrupt(what),
        ViewError::Unavailable(why) => AccessError::Unavailable(why),
        other @ ViewError::BadCursor => AccessError::Corrupt(other.to_string()),
    }
}
