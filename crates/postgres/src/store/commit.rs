//! The end of a unit of work: one burst that ends with COMMIT, and what its failures mean.

use landfall_service::store::{Changes, StoreError};

use tokio_postgres::error::DbError;

use super::clock::DbClock;
use super::resolve::Held;
use super::{COMMIT, PgStore, Role, none_open, only_reads};
use crate::error::{Fault, Meaning, meaning_of};
use crate::trip::Trip;
use crate::write::{self, Basis, Write};

impl PgStore {
    /// Writes everything in one burst.
    pub(super) async fn commit_now(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let partitions = self.partitions();
        let Role::Writer(ids) = &mut self.role else {
            self.end().await;
            return Err(only_reads());
        };
        let (Some(link), Some(held)) = (&self.link, &self.open) else {
            return Err(none_open().into_store_error());
        };
        let id = ids.next();
        let mut trip = Trip::new(link);
        let asked = write::check_held(held, changes)
            .and_then(|()| write::check_events(changes))
            .and_then(|()| write::ask(&mut trip, changes, partitions, id, Basis::default()));
        if let Err(fault) = asked {
            drop(trip);
            return Err(self.fail(fault).await);
        }
        trip.plain(Write::Commit, COMMIT);
        let held: Vec<u16> = held.iter().map(|head| head.partition).collect();
        let mut clock = self.clock;
        for (write, rows) in trip.go().await {
            let fault = match rows {
                Ok(rows) => {
                    if write == Write::Group {
                        // It is written, whatever the clock says.
                        clock = DbClock::read(&rows).unwrap_or_default();
                    }
                    continue;
                }
                Err(fault) => link.why(fault),
            };
            if fault.ends_link() {
                // The database may have received all of it, and may be at work on it still.
                self.link = None;
                self.open = None;
                return self.resolve(changes, id, Held::Locked, &fault).await;
            }
            return Err(self.refused(write, fault, &held, changes).await);
        }
        self.open = None;
        self.clock = clock;
        self.others.left(&changes.heads);
        self.growth.rows += changes.events.len();
        Ok(())
    }

    /// What it means that a statement of the burst failed. Nothing was written.
    async fn refused(
        &mut self,
        write: Write,
        fault: Fault,
        held: &[u16],
        changes: &Changes,
    ) -> StoreError {
        let Fault::Postgres(error) = &fault else {
            return self.fail(fault).await;
        };
        let meaning = error.code().map(meaning_of);
        let table = error.as_db_error().and_then(DbError::table);
        let fault = match (write, meaning) {
            // A product that is not as it was loaded is loaded again: somebody may have changed it by hand.
            (Write::Group, Some(Meaning::Miscounted)) | (Write::Answers, Some(Meaning::Taken)) => {
                Fault::Conflict
            }
            (Write::Group, Some(Meaning::Taken)) if table == Some("answers") => Fault::Conflict,
            (Write::Shipments, Some(Meaning::Miscounted)) => {
                Fault::Refused("a shipment to be changed is not there".into())
            }
            (Write::Supply | Write::Group, Some(Meaning::Taken)) => {
                // The transaction is over for the database, which waits for its end.
                self.end().await;
                match self.taken(held, changes).await {
                    // Names that were taken before this unit of work began, or by itself.
                    Ok(false) => fault,
                    // Somebody else has just taken them.
                    Ok(true) => Fault::Conflict,
                    Err(other) => other,
                }
            }
            _ => fault,
        };
        self.fail(fault).await
    }

    /// Whether a name that these changes make has been taken by somebody else meanwhile: by a thing that lies in a partition
    /// that was not held. What lies in one that was held was there before.
    async fn taken(&mut self, held: &[u16], changes: &Changes) -> Result<bool, Fault> {
        let partitions = self.partitions();
        let link = self.connect().await?;
        let mut trip = Trip::new(link);
        write::taken_batches(&mut trip, (), changes, partitions);
        write::taken_lines(&mut trip, (), changes, partitions);
        for ((), rows) in trip.go().await {
            for row in rows? {
                if !held.contains(&crate::rows::partition(&row, 0)?) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
