//! How connections are opened and set up: one that writes, and those that only read.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::kind::Kind;
use crate::options::Options;
use crate::private;
use crate::schema;

/// Statements that a connection keeps prepared; there are fewer of them.
const STATEMENTS: usize = 64;

/// How long whoever writes beside the engine waits before it looks again whether it is its turn.
const LOOK_FOR_TURN: Duration = Duration::from_micros(200);

/// How often it looks before it gives up: about as long as a busy timeout.
const LOOKS_FOR_TURN: i32 = 20_000;

/// After a long read has let the write-ahead log grow, its file is cut back to this many bytes.
const LOG_BYTES: u64 = 64 << 20;

/// Opens the database to write; makes it, or migrates it, where that is needed.
pub(crate) fn writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let sqlite = |source| OpenError::Sqlite {
        path: path.into(),
        source,
    };
    match Kind::of(path)? {
        Kind::Other => return Err(OpenError::NotLandfall { path: path.into() }),
        // A directory that is not there the library tells of.
        Kind::Missing => drop(private::new_file(path)),
        Kind::Empty | Kind::Landfall => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection
        .busy_timeout(options.busy_timeout)
        .map_err(sqlite)?;
    schema::migrate(&mut connection, path)?;
    // Foreign keys are off: every reference is made by this crate in the same commit as what it points
    // to, the audit proves it, and a check for each row would be paid by each row.
    let pragmas = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
         PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = {LOG_BYTES};
         PRAGMA wal_autocheckpoint = {};",
        options.cache_bytes >> 10,
        options.checkpoint_pages,
    );
    connection.execute_batch(&pragmas).map_err(sqlite)?;
    keep_plans(&connection).map_err(sqlite)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Opens an existing database of this binary's schema to write beside the one who has the lock: seldom, little, and
/// nothing that the engine writes. What it writes is as durable as the engine's next commit.
pub(crate) fn beside(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let sqlite = |source| OpenError::Sqlite {
        path: path.into(),
        source,
    };
    match Kind::of(path)? {
        Kind::Landfall => {}
        Kind::Missing => return Err(OpenError::Missing { path: path.into() }),
        Kind::Empty | Kind::Other => return Err(OpenError::NotLandfall { path: path.into() }),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    // Under load the engine leaves the file alone for moments only, and whoever looks for one seldom finds none.
    connection
        .busy_handler(Some(|tried| {
            std::thread::sleep(LOOK_FOR_TURN);
            tried < LOOKS_FOR_TURN
        }))
        .map_err(sqlite)?;
    // It leaves carrying the log over into the database to the engine, who knows when that is good.
    let pragmas = format!(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -{};",
        options.reader_cache_bytes >> 10,
    );
    connection.execute_batch(&pragmas).map_err(sqlite)?;
    keep_plans(&connection).map_err(sqlite)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    schema::check(&connection, path)?;
    Ok(connection)
}

/// Opens an existing database of this binary's schema to read.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let sqlite = |source| OpenError::Sqlite {
        path: path.into(),
        source,
    };
    match Kind::of(path)? {
        Kind::Landfall => {}
        Kind::Missing => return Err(OpenError::Missing { path: path.into() }),
        Kind::Empty | Kind::Other => return Err(OpenError::NotLandfall { path: path.into() }),
    }
    // Opened to write, because readers of a write-ahead log keep their marks beside it; `query_only`
    // sees to it that nothing is written.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection
        .busy_timeout(options.busy_timeout)
        .map_err(sqlite)?;
    let pragmas = format!(
        "PRAGMA query_only = ON; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{};",
        options.reader_cache_bytes >> 10,
    );
    connection.execute_batch(&pragmas).map_err(sqlite)?;
    keep_plans(&connection).map_err(sqlite)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    schema::check(&connection, path)?;
    Ok(connection)
}

/// A plan holds for all values of its parameters. Otherwise a statement whose plan uses a partial index would
/// be prepared anew each time that a parameter has another value.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
