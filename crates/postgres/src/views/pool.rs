//! Connections that read. Nothing stays in them from one question to the next but prepared statements.

use std::time::Duration;

use deadpool_postgres::{
    GenericClient, Hook, HookError, Manager, ManagerConfig, Object, Pool as Connections,
    RecyclingMethod, Runtime, Timeouts, Transaction,
};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use crate::database::PgDatabase;
use crate::error::Fault;

/// How long a question waits for a connection while all are in use.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer than the database lets a statement take: what is not answered by then never is.
const ANSWERED_WITHIN: Duration = Duration::from_secs(40);

/// A connection that is older is given up when it is asked for next. Statements are planned once for each connection,
/// by what the tables hold by then: a database that has grown is to be looked at anew.
const MOST_AGE: Duration = Duration::from_mins(1);

/// A few connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: Connections,
    pub(crate) database: PgDatabase,
}

impl Pool {
    /// Opens no connection yet: each is opened when it is needed.
    pub(crate) fn new(database: &PgDatabase) -> Self {
        let options = &database.options;
        // A page is read in the order of its index and no further. Without a look at the limit, which a plan for all
        // values does not know, to collect everything and sort it could seem as good.
        let config = database
            .target
            .config(&options.reader(), "-c enable_bitmapscan=off");
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let timeouts = Timeouts {
            wait: Some(PATIENCE),
            create: Some(options.connect_timeout),
            recycle: Some(options.connect_timeout),
        };
        let tls = database.target.tls.clone();
        let connections = Connections::builder(Manager::from_config(config, tls, manager))
            .max_size(options.readers.max(1))
            .timeouts(timeouts)
            .pre_recycle(Hook::sync_fn(|_, metrics| {
                if metrics.age() < MOST_AGE {
                    Ok(())
                } else {
                    Err(HookError::message("it is old"))
                }
            }))
            .runtime(Runtime::Tokio1)
            .build();
        Self {
            // It fails only where timeouts are asked for and no runtime is named.
            connections: connections.unwrap_or_else(|error| unreachable!("{error}")),
            database: database.clone(),
        }
    }

    /// How many partitions the database has.
    pub(crate) fn partitions(&self) -> u16 {
        self.database.partitions()
    }

    /// All partitions.
    pub(crate) fn all(&self) -> Vec<i16> {
        (0..self.partitions()).map(crate::codes::small).collect()
    }

    /// The partition of a name.
    pub(crate) fn partition_of(&self, name: &str) -> u16 {
        landfall_service::store::partition_of(name, self.partitions())
    }

    /// A connection.
    pub(crate) async fn get(&self) -> Result<Object, Fault> {
        self.connections.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => Fault::Postgres(error),
            other => Fault::Unavailable(format!("no connection to the database: {other}")),
        })
    }

    /// Asks one question, whose answer is of one moment.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Vec<Row>, Fault> {
        ask.of(&self.get().await?).await
    }
}

/// Begins to read one moment with several questions. It ends when it is dropped, and nobody waits for that.
pub(crate) async fn moment(connection: &mut Object) -> Result<Transaction<'_>, Fault> {
    let begin = connection
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true);
    Ok(begin.start().await?)
}

/// A question: a statement and its values.
pub(crate) struct Ask {
    /// The statement; `$1`, `$2`, … are the values in the order in which they were added.
    pub(crate) sql: String,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Ask {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    /// Adds a value.
    pub(crate) fn with(mut self, value: impl ToSql + Sync + Send + 'static) -> Self {
        self.values.push(Box::new(value));
        self
    }

    /// Adds a value for a statement that is still being written, and says how it is named there.
    pub(crate) fn value(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// Asks it.
    pub(crate) async fn of(&self, client: &impl GenericClient) -> Result<Vec<Row>, Fault> {
        let answered = async {
            let statement = client.prepare_cached(&self.sql).await?;
            let values: Vec<&(dyn ToSql + Sync)> =
                self.values.iter().map(|value| &**value as _).collect();
            client.query(&statement, &values).await
        };
        match timeout(ANSWERED_WITHIN, answered).await {
            Ok(rows) => Ok(rows?),
            Err(_) => Err(Fault::Unavailable("the database gives no answer".into())),
        }
    }
}
