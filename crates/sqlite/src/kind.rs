//! What a file is, before it is opened as a database.

use std::io::ErrorKind;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::schema::APPLICATION_ID;

/// What a file is, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is none.
    Missing,
    /// It is empty, which is an empty database.
    Empty,
    /// Ours.
    Landfall,
    /// Something else.
    Other,
}

impl Kind {
    /// Looks at a file without touching it. (Its header is written before anything else, and not through the
    /// write-ahead log, so neither the log nor a lock is needed.)
    ///
    /// The database's own library reads it, for it knows which files this process has open. On Unix whoever closes a file
    /// gives up all locks that the process has on it: were it opened here as any other file is, connections would go on
    /// without the lock that keeps others from removing the log that they write to.
    pub(crate) fn of(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io {
            path: path.into(),
            source,
        };
        match path.metadata() {
            Ok(data) if data.is_dir() => return Err(io(ErrorKind::IsADirectory.into())),
            Ok(data) if data.len() == 0 => return Ok(Self::Empty),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(io(error)),
        }
        match application_id(path) {
            Ok(APPLICATION_ID) => Ok(Self::Landfall),
            Ok(_) => Ok(Self::Other),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                Ok(Self::Other)
            }
            Err(source) => Err(OpenError::Sqlite {
                path: path.into(),
                source,
            }),
        }
    }
}

/// What its header says of whose file it is.
fn application_id(path: &Path) -> rusqlite::Result<u32> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let path = percent_encode(bytes, NON_ALPHANUMERIC);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)?;
    // While another process carries its log over, the file may be shorter than its header says: with this, nobody minds.
    connection.execute_batch("PRAGMA writable_schema = ON")?;
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_header_says() {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str| Kind::of(&dir.path().join(name));
        assert_eq!(of("none").unwrap(), Kind::Missing);
        std::fs::write(dir.path().join("empty"), "").unwrap();
        assert_eq!(of("empty").unwrap(), Kind::Empty);
        for (name, length) in [("short", 1), ("text", 100), ("long", 10_000)] {
            std::fs::write(dir.path().join(name), "x".repeat(length)).unwrap();
            assert_eq!(of(name).unwrap(), Kind::Other, "{name}");
        }
        std::fs::create_dir(dir.path().join("directory")).unwrap();
        let refused = of("directory").unwrap_err();
        assert!(matches!(refused, OpenError::Io { .. }), "{refused}");
        for (name, id, kind) in [
            ("ours", APPLICATION_ID, Kind::Landfall),
            ("a ?b=1&immutable=0#c%41é", APPLICATION_ID, Kind::Landfall),
            ("another's", 7, Kind::Other),
            ("nobody's", 0, Kind::Other),
        ] {
            let path = dir.path().join(name);
            let connection = Connection::open(&path).unwrap();
            let made = format!(
                "PRAGMA application_id = {id}; PRAGMA journal_mode = WAL; CREATE TABLE t (n)"
            );
            connection.execute_batch(&made).unwrap();
            assert_eq!(of(name).unwrap(), kind, "{name}, while it is open");
            drop(connection);
            let files = || std::fs::read_dir(dir.path()).unwrap().count();
            let before = files();
            assert_eq!(of(name).unwrap(), kind, "{name}");
            assert_eq!(files(), before, "nothing was put beside it");
        }
    }

    /// As while another process carries the log over: the header is there, the rest is to come.
    #[test]
    fn a_file_that_grows_is_known_already() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("whole");
        let connection = Connection::open(&path).unwrap();
        let made = format!("PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE t (n)");
        connection.execute_batch(&made).unwrap();
        drop(connection);
        let whole = std::fs::read(&path).unwrap();
        assert!(whole.len() > 4_096);
        std::fs::write(&path, &whole[..4_096]).unwrap();
        assert_eq!(Kind::of(&path).unwrap(), Kind::Landfall);
    }
}
