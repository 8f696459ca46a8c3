//! What can go wrong, and what it means to those who asked.

use std::io;
use std::path::PathBuf;

use landfall_service::store::StoreError;
use landfall_service::views::ViewError;
use rusqlite::ErrorCode;

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes to it.
    #[error(
        "{} is in use by {holder}; \
         use --url URL to go through the running service, or stop it first",
        .path.display()
    )]
    Locked {
        /// The database.
        path: PathBuf,
        /// Who has it: `process 4711 (http://127.0.0.1:5005)`.
        holder: String,
    },
    /// There is no such file, and the caller did not want to make one.
    #[error("there is no database {}", .path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The file is something else. It was not touched.
    #[error("{} is not a Landfall database; it was left as it is", .path.display())]
    NotLandfall {
        /// The file.
        path: PathBuf,
    },
    /// A later version made or migrated it.
    #[error(
        "{} has schema {found}, and this version knows schemas up to {known}; use a newer Landfall",
        .path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// It must be migrated first, which a reader does not do.
    #[error(
        "{} has schema {found}, and this version needs schema {known}; \
         start `landfall serve` once to migrate it",
        .path.display()
    )]
    Older {
        /// The database.
        path: PathBuf,
        /// Its schema's version; 0: it has none yet.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// Its schema has a history that is not ours.
    #[error("{} cannot be migrated: {reason}", .path.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// What the migration said.
        reason: String,
    },
    /// The file system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("{}: {source}", .path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// Why there is no backup. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database cannot be read.
    #[error(transparent)]
    Source(#[from] OpenError),
    /// There is a file already; a backup overwrites nothing.
    #[error("{} exists already; a backup overwrites nothing", .0.display())]
    Exists(PathBuf),
    /// The file system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("the backup failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// What goes wrong inside this crate.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    /// A row makes no sense.
    Corrupt(String),
    /// These changes cannot be written.
    Refused(String),
    /// The head is not where the changes were made.
    Conflict,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// What an error of SQLite means.
enum Meaning {
    Unavailable,
    /// A write did not reach the disk: the connection is not to be trusted any longer.
    Io,
    Refused,
    Corrupt,
}

fn meaning(error: &rusqlite::Error) -> Meaning {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, _) | E::SqlInputError { error: failure, .. } => {
            match failure.code {
                ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => {
                    Meaning::Refused
                }
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                    Meaning::Corrupt
                }
                ErrorCode::SystemIoFailure => Meaning::Io,
                _ => Meaning::Unavailable,
            }
        }
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..)
        | E::QueryReturnedNoRows => Meaning::Corrupt,
        _ => Meaning::Unavailable,
    }
}

impl Fault {
    /// Whether the connection is to be given up: what it has in memory may not be what is on the disk.
    pub(crate) fn spoils_connection(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(meaning(error), Meaning::Io | Meaning::Corrupt),
            Self::Corrupt(_) => true,
            Self::Refused(_) | Self::Conflict => false,
        }
    }

    /// For the write side. `committing`: it happened in COMMIT itself.
    pub(crate) fn into_store_error(self, committing: bool) -> StoreError {
        match self {
            Self::Corrupt(what) => StoreError::Corrupt(what),
            Self::Refused(why) => StoreError::Refused(why),
            Self::Conflict => StoreError::Conflict,
            Self::Sqlite(error) => match meaning(&error) {
                Meaning::Io if committing => StoreError::OutcomeUnknown(error.to_string()),
                Meaning::Io | Meaning::Unavailable => StoreError::Unavailable(error.to_string()),
                Meaning::Refused => StoreError::Refused(error.to_string()),
                Meaning::Corrupt => StoreError::Corrupt(error.to_string()),
            },
        }
    }

    /// For the read side.
    pub(crate) fn into_view_error(self) -> ViewError {
        match self.into_store_error(false) {
            StoreError::Corrupt(what) => ViewError::Corrupt(what),
            other => ViewError::Unavailable(other.to_string()),
        }
    }
}
