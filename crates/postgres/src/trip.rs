//! One round trip: several statements that are sent together and answered in their order.

use std::pin::Pin;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::Fault;
use crate::link::Link;

/// A value that goes with a statement: nearly always an array, with one element for each row.
pub(crate) type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// What a statement gave.
pub(crate) type Rows = Result<Vec<Row>, Fault>;

/// Statements with their values, and what each is for.
pub(crate) struct Trip<'a, What> {
    link: &'a Link,
    what: Vec<What>,
    asked: Vec<Pin<Box<dyn Future<Output = Rows> + Send + 'a>>>,
}

impl<'a, What> Trip<'a, What> {
    pub(crate) fn new(link: &'a Link) -> Self {
        Self {
            link,
            what: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Adds a statement without values and rows: the bounds of a transaction.
    pub(crate) fn plain(&mut self, what: What, sql: &'static str) {
        let client = &self.link.client;
        self.what.push(what);
        self.asked.push(Box::pin(async move {
            client.batch_execute(sql).await?;
            Ok(Vec::new())
        }));
    }

    /// Adds one that need not succeed, as long as the connection lasts: what is sent behind it is carried out all the same,
    /// and does not rest on it.
    pub(crate) fn attempt(&mut self, what: What, sql: &'static str) {
        let client = &self.link.client;
        self.what.push(what);
        self.asked.push(Box::pin(async move {
            match client.batch_execute(sql).await.map_err(Fault::from) {
                Err(fault) if !fault.ends_link() => tracing::debug!(?fault, "{sql} failed"),
                done => done?,
            }
            Ok(Vec::new())
        }));
    }

    /// Adds a statement that was prepared.
    pub(crate) fn ask(&mut self, what: What, sql: &'static str, params: Vec<Param<'a>>) {
        let link = self.link;
        self.what.push(what);
        self.asked.push(Box::pin(async move {
            let statement = link.statement(sql)?;
            let rows = link.client.query_raw(statement, params).await?;
            Ok(rows.try_collect().await?)
        }));
    }

    /// Adds the statements of another one.
    pub(crate) fn append(&mut self, other: Self) {
        self.what.extend(other.what);
        self.asked.extend(other.asked);
    }

    /// How many statements there are.
    pub(crate) fn len(&self) -> usize {
        self.asked.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Sends everything and waits for the answers, which come in the order in which the statements were added. After
    /// one that failed the database refuses the others: the first failure is the one that tells. Where no answer comes
    /// in time, that is the only one.
    pub(crate) async fn go(self) -> Vec<(What, Rows)> {
        // Each is sent when it is first asked for its answer, and they are asked in their order.
        let rows = self.link.answered(join_all(self.asked)).await;
        match rows {
            Ok(rows) => self.what.into_iter().zip(rows).collect(),
            Err(silent) => {
                let first = self.what.into_iter().next();
                first.map(|what| (what, Err(silent))).into_iter().collect()
            }
        }
    }
}

/// A value of a statement.
pub(crate) fn param<'a>(value: impl ToSql + Sync + Send + 'a) -> Param<'a> {
    Box::new(value)
}
