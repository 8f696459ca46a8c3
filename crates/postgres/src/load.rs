//! One half of a unit of work: from keys to what they name, and what comes with it.
//!
//! It takes two round trips at the most, however many keys there are. The first asks for everything by the names that
//! are in the keys; the second for what these rows refer to by number: batches to which a line is pegged, and the
//! open batches of products that were not named themselves.

mod found;
pub(crate) mod sql;
mod wanted;

use landfall_service::keys::Keys;
use landfall_service::store::{Head, Loaded};
use tokio_postgres::Row;

use crate::codes;
use crate::error::Fault;
use crate::link::Link;
use crate::rows;
use crate::trip::{Trip, param};
pub(crate) use found::Found;
pub(crate) use wanted::Wanted;

/// What a statement of a round trip is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// The bounds of a transaction.
    Bound,
    Heads,
    AccessVersion,
    Products,
    OpenBatches,
    Batches,
    Cargo,
    Shipments,
    Lines,
    OrderLines,
    Placed,
    Answers,
    Pegged,
    PeggedLater,
    Waiting,
    Late,
}

/// Sends a round trip and takes in what it brings: heads, and everything else.
pub(crate) async fn take(trip: Trip<'_, Ask>, found: &mut Found) -> Result<Vec<Head>, Fault> {
    let mut heads = Vec::new();
    for (ask, rows) in trip.go().await {
        let rows = rows?;
        if ask == Ask::Heads {
            found.access_version = rows.first().map(|row| rows::count(row, 4)).transpose()?;
            heads = rows.iter().map(head).collect::<Result<_, _>>()?;
        } else {
            found.add(ask, &rows)?;
        }
    }
    Ok(heads)
}

/// Fetches what the rows found refer to by number.
pub(crate) async fn follow(link: &Link, found: &mut Found) -> Result<(), Fault> {
    let (products, batches) = found.missing();
    let mut trip = Trip::new(link);
    let split = |places: Vec<rows::Place>| -> (Vec<i16>, Vec<i64>) {
        let codes = |(partition, number)| (codes::small(partition), codes::int(number));
        places.into_iter().map(codes).unzip()
    };
    if !products.is_empty() {
        let (partitions, numbers) = split(products);
        let params = vec![param(partitions), param(numbers)];
        trip.ask(Ask::OpenBatches, *sql::OPEN_BATCHES_OF, params);
    }
    if !batches.is_empty() {
        let (partitions, numbers) = split(batches);
        let params = vec![param(partitions), param(numbers)];
        trip.ask(Ask::Batches, *sql::BATCHES, params);
    }
    if !trip.is_empty() {
        take(trip, found).await?;
    }
    Ok(())
}

/// Everything that was found, as the engine takes it.
pub(crate) fn loaded(heads: Vec<Head>, found: Found, keys: &Keys) -> Result<Loaded, Fault> {
    Ok(Loaded {
        heads,
        ..found.into_loaded(keys)?
    })
}

fn head(row: &Row) -> Result<Head, Fault> {
    Ok(Head {
        partition: rows::partition(row, 0)?,
        version: rows::count(row, 1)?,
        next_offset: rows::count(row, 2)?,
        next_number: rows::count(row, 3)?,
    })
}
