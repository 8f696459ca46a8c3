//! The schema and how a database comes to it: embedded migrations, append-only, one statement each.

use std::path::Path;

use refinery::Target;
use rusqlite::{Connection, OptionalExtension};

use crate::error::OpenError;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Stands in the file's header and says whose file it is (`LNDF`).
pub(crate) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"LNDF");

/// Bytes in a page. Larger ones write more where order ids come at random: `docs/adr/0008`.
const PAGE_BYTES: u32 = 4_096;

/// The version of the schema that this binary knows: that of its last migration.
pub(crate) fn known() -> u32 {
    let runner = embedded::migrations::runner();
    let versions = runner
        .get_migrations()
        .iter()
        .map(|migration| i64::from(migration.version()));
    versions
        .max()
        .and_then(|version| u32::try_from(version).ok())
        .unwrap_or(0)
}

/// The version of the schema that a database has; 0: none yet.
pub(crate) fn found(connection: &Connection) -> Result<u32, rusqlite::Error> {
    let history = "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection
        .query_row(history, [], |_| Ok(()))
        .optional()?
        .is_none()
    {
        return Ok(0);
    }
    connection.query_row(
        "SELECT coalesce(max(version), 0) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )
}

/// Brings a database, perhaps an empty one, to the schema of this binary.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    migrate_to(connection, path, Target::Latest)
}

/// Brings a database, perhaps an empty one, to this schema.
pub(crate) fn migrate_to(
    connection: &mut Connection,
    path: &Path,
    target: Target,
) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite {
        path: path.into(),
        source,
    };
    let (found, known) = (found(connection).map_err(sqlite)?, known());
    if found > known {
        return Err(OpenError::Newer {
            path: path.into(),
            found,
            known,
        });
    }
    if found == 0 {
        // Only an empty database takes these. The mark is written at once, so that what is here after a
        // crash in the midst of the first migration is known as ours.
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = {PAGE_BYTES}; PRAGMA application_id = {APPLICATION_ID};"
            ))
            .map_err(sqlite)?;
    }
    let report = embedded::migrations::runner()
        .set_grouped(true)
        .set_target(target)
        .run(connection);
    report.map(drop).map_err(|error| OpenError::Migration {
        path: path.into(),
        reason: error.to_string(),
    })
}

/// Refuses a database that does not have exactly the schema of this binary.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = found(connection).map_err(|source| OpenError::Sqlite {
        path: path.into(),
        source,
    })?;
    let known = known();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(OpenError::Older {
            path: path.into(),
            found,
            known,
        }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(OpenError::Newer {
            path: path.into(),
            found,
            known,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_units_move_to_their_own_tables() {
        let mut connection = Connection::open_in_memory().unwrap();
        let to = |connection: &mut Connection, target| {
            let runner = embedded::migrations::runner().set_grouped(true);
            runner.set_target(target).run(connection).unwrap();
        };
        to(&mut connection, Target::Version(18));
        connection
            .execute_batch(
                "INSERT INTO products (number, sku, version, backordered) \
                 VALUES (1, 'CHAIR', 7, 0), (3, 'SOFA', 2, 4);
                 INSERT INTO batches (number, reference, product, purchased, allocated, dispatched, \
                 open, first_quantity) VALUES (2, 'b-1', 1, 10, 4, 3, 1, 12), (4, 'b-2', 3, 5, 5, 0, 0, 5);",
            )
            .unwrap();
        to(&mut connection, Target::Latest);
        let rows = |sql: &str| -> Vec<(String, i64, i64)> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(
            rows("SELECT sku, version, backordered FROM product ORDER BY sku"),
            [("CHAIR".into(), 7, 0), ("SOFA".into(), 2, 4)]
        );
        assert_eq!(
            rows("SELECT reference, allocated, available FROM batch ORDER BY reference"),
            [("b-1".into(), 4, 3), ("b-2".into(), 5, 0)]
        );
    }
}
