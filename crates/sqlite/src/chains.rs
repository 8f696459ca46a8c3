//! The chains of events: where each product's ends, and what a new event adds to it.
//!
//! Every event is one of a product's history, and an index of them would write, for nearly each new line, a
//! page of its own. So an event has the offset of the one before it (`events.previous`), and every so often
//! one is entered in the table `history`: a reader begins there and goes back, never further than to the one
//! entered before. (`docs/adr/0011`)

use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension};

use crate::error::Fault;

/// So many events of a product have one entry: what a reader walks at the most before its page begins.
pub(crate) const APART: i64 = if cfg!(test) { 4 } else { 512 };

/// When so many ends are held, all are forgotten, and found again in the database.
const HELD: usize = 1 << 20;

/// The end of a product's chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// The product's last event; `None`: there is none, or it is in the table `history`.
    pub(crate) last: Option<i64>,
    /// Events since the last one that was entered in the table `history`.
    pub(crate) chained: i64,
}

impl End {
    /// Adds an event, and says whether it is to be entered.
    pub(crate) fn add(&mut self, offset: i64) -> bool {
        self.last = Some(offset);
        self.chained += 1;
        let enter = self.chained >= APART;
        if enter {
            self.chained = 0;
        }
        enter
    }
}

/// The ends that the writer knows, by the product's number.
#[derive(Debug, Default)]
pub(crate) struct Ends(HashMap<i64, End>);

impl Ends {
    /// The end of a product's chain.
    pub(crate) fn of(&self, connection: &Connection, product: i64) -> Result<End, Fault> {
        match self.0.get(&product) {
            Some(end) => Ok(*end),
            None => read(connection, product),
        }
    }

    /// Takes over what a commit did.
    pub(crate) fn apply(&mut self, ends: impl IntoIterator<Item = (i64, End)>) {
        if self.0.len() > HELD {
            self.0.clear();
        }
        self.0.extend(ends);
    }

    /// Forgets all: somebody else wrote.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

/// The end of a product's chain, as the database has it.
pub(crate) fn read(connection: &Connection, product: i64) -> Result<End, Fault> {
    let sql = "SELECT last_event, chained FROM product_versions WHERE number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let end = statement.query_row([product], |row| {
        Ok(End {
            last: row.get(0)?,
            chained: row.get(1)?,
        })
    });
    Ok(end.optional()?.unwrap_or_default())
}
