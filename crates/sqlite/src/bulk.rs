//! Many rows with one statement: what a statement costs beside its rows is then paid once for several.

use rusqlite::{CachedStatement, Connection, ToSql};

use crate::error::Fault;

/// Rows of one statement, where there are so many.
const ROWS: usize = 16;

/// A statement that inserts rows: what comes before `VALUES`, and the values of one row.
pub(crate) struct Insert {
    pub(crate) into: &'static str,
    /// Of each row, how many are bound and which are constants.
    pub(crate) row: &'static str,
}

/// Takes the values of rows, one after the other.
pub(crate) struct Values<'s, 'c> {
    statement: &'s mut CachedStatement<'c>,
    next: usize,
}

impl Values<'_, '_> {
    /// The next value.
    pub(crate) fn put(&mut self, value: impl ToSql) -> Result<(), Fault> {
        self.next += 1;
        Ok(self.statement.raw_bind_parameter(self.next, value)?)
    }
}

impl Insert {
    /// Inserts these rows in their order; `put` gives the values of each.
    pub(crate) fn all<T>(
        &self,
        connection: &Connection,
        rows: &[T],
        mut put: impl FnMut(&mut Values<'_, '_>, &T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (many, rest) = rows.as_chunks::<ROWS>();
        self.some(
            connection,
            many.iter().map(<[T; ROWS]>::as_slice),
            ROWS,
            &mut put,
        )?;
        self.some(connection, rest.chunks(1), 1, &mut put)
    }

    fn some<'r, T: 'r>(
        &self,
        connection: &Connection,
        mut chunks: impl ExactSizeIterator<Item = &'r [T]>,
        rows: usize,
        put: &mut impl FnMut(&mut Values<'_, '_>, &T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if chunks.len() == 0 {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(&self.sql(rows))?;
        chunks.try_for_each(|chunk| {
            let mut values = Values {
                statement: &mut statement,
                next: 0,
            };
            for row in chunk {
                put(&mut values, row)?;
            }
            statement.raw_execute()?;
            Ok(())
        })
    }

    fn sql(&self, rows: usize) -> String {
        let mut sql = format!("{} VALUES {}", self.into, self.row);
        for _ in 1..rows {
            sql.push(',');
            sql.push_str(self.row);
        }
        sql
    }
}
