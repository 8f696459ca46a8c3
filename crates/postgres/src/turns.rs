//! Whose turn it is to write for all replicas: one row that is changed on a condition, by the database's clock.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use landfall_service::hand_on::{Token, TurnError, Turns, WritingReplica};
use tokio_postgres::Row;

use crate::codes::micros;
use crate::database::PgDatabase;
use crate::error::Fault;
use crate::options::Options;
use crate::rows::get;
use crate::views::pool::{Ask, Pool};

/// Takes or prolongs the turn where that may be, and tells whose it is. Its parts see the row as it was before: where
/// somebody else has just taken it, none of them finds one.
const TURN: &str = "WITH taken AS ( \
         INSERT INTO writing_replica AS w (partition, holder, url, token, expires) \
         VALUES (0, $1, $2, $3, now() + $4::bigint * interval '1 microsecond') \
         ON CONFLICT (partition) DO UPDATE \
            SET holder = excluded.holder, url = excluded.url, token = excluded.token, expires = excluded.expires \
          WHERE w.holder = excluded.holder OR w.expires <= now() \
         RETURNING holder, url, token) \
     SELECT holder, url, token FROM taken \
     UNION ALL \
     SELECT holder, url, token FROM writing_replica \
      WHERE partition = 0 AND expires > now() AND NOT EXISTS (SELECT 1 FROM taken)";
const LEAVE: &str = "DELETE FROM writing_replica WHERE partition = 0 AND holder = $1";

/// Where a database keeps whose turn it is.
#[derive(Clone)]
pub struct PgTurns {
    pool: Pool,
}

impl PgDatabase {
    /// Where it keeps whose turn it is to write. It connects when it is first needed.
    pub fn turns(&self) -> PgTurns {
        let options = Options {
            readers: 1,
            ..(*self.options).clone()
        };
        let database = PgDatabase {
            options: Arc::new(options),
            ..self.clone()
        };
        PgTurns {
            pool: Pool::new(&database),
        }
    }
}

impl PgTurns {
    async fn ask(&self, ask: Ask) -> Result<Vec<Row>, TurnError> {
        self.pool.ask(&ask).await.map_err(failed)
    }
}

fn failed(fault: Fault) -> TurnError {
    TurnError(fault.into_view_error().to_string())
}

fn replica(row: &Row) -> Result<WritingReplica, Fault> {
    Ok(WritingReplica {
        holder: get(row, 0)?,
        url: get(row, 1)?,
        token: Token::from(get::<String>(row, 2)?),
    })
}

#[async_trait]
impl Turns for PgTurns {
    async fn turn(
        &self,
        us: &WritingReplica,
        lease: Duration,
    ) -> Result<Option<WritingReplica>, TurnError> {
        let ask = Ask::new(TURN)
            .with(us.holder.clone())
            .with(us.url.clone())
            .with(us.token.text().to_owned())
            .with(micros(lease));
        let rows = self.ask(ask).await?;
        rows.first().map(replica).transpose().map_err(failed)
    }

    async fn leave(&self, holder: &str) -> Result<(), TurnError> {
        let leave = Ask::new(LEAVE).with(holder.to_owned());
        self.ask(leave).await.map(drop)
    }
}
