//! What can go wrong, and what it means to those who asked.

use landfall_service::store::StoreError;
use landfall_service::views::ViewError;
use tokio_postgres::error::{DbError, SqlState};

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none that we understand.
    #[error("the database URL: {0}")]
    Url(String),
    /// Connections are not ours alone.
    #[error(
        "{database}: one connection is given to several clients, as by a pooler after each transaction; connect to the \
         server itself, or through a pooler that keeps a connection for the client's whole session"
    )]
    Shared {
        /// Which database, without a password.
        database: String,
    },
    /// Not all text can be kept in it.
    #[error(
        "{database}: its encoding is {encoding}, which not all names fit into; make one with ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// Which database, without a password.
        database: String,
        /// Its encoding, as PostgreSQL names it.
        encoding: String,
    },
    /// It cannot be reached, or does not let us in.
    #[error("{database}: {reason}")]
    Unavailable {
        /// Host, port and name of the database.
        database: String,
        /// Why.
        reason: String,
    },
    /// A later version made or migrated it, and took away what this one needs.
    #[error(
        "{database} has schema {found}, and this version knows schemas up to {known}; use a newer Landfall"
    )]
    Newer {
        /// Host, port and name of the database.
        database: String,
        /// Its schema's version.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// It must be migrated first, which a reader does not do.
    #[error(
        "{database} has schema {found}, and this version needs schema {known}; \
         start `landfall serve` once to migrate it"
    )]
    Older {
        /// Host, port and name of the database.
        database: String,
        /// Its schema's version; 0: it has none yet.
        found: u32,
        /// This version's.
        known: u32,
    },
    /// Its schema has a history that is not ours.
    #[error("{database} cannot be migrated: {reason}")]
    Migration {
        /// Host, port and name of the database.
        database: String,
        /// What the migration said.
        reason: String,
    },
    /// What is fixed when a database is made is not there, or makes no sense.
    #[error("{database} is damaged: {reason}")]
    Damaged {
        /// Host, port and name of the database.
        database: String,
        /// What is wrong.
        reason: String,
    },
}

/// What goes wrong inside this crate.
#[derive(Debug)]
pub(crate) enum Fault {
    /// PostgreSQL, or the way to it.
    Postgres(tokio_postgres::Error),
    /// A row makes no sense.
    Corrupt(String),
    /// These changes cannot be written.
    Refused(String),
    /// Somebody else was first, or holds what is needed.
    Conflict,
    /// No connection.
    Unavailable(String),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// What an error of PostgreSQL means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Somebody else was first, or holds what is needed; or the database ended what took too long.
    Conflict,
    /// A name that is unique is taken.
    Taken,
    /// A count of changed rows is not what it must be: see [`crate::write`].
    Miscounted,
    Refused,
    Corrupt,
    Unavailable,
}

/// What an SQLSTATE means.
pub(crate) fn meaning_of(state: &SqlState) -> Meaning {
    let code = state.code();
    match code {
        // Serialization, deadlock, lock not available, and sessions that were silent for too long.
        "40001" | "40P01" | "55P03" | "25P03" | "57P05" => Meaning::Conflict,
        "23505" => Meaning::Taken,
        "22012" => Meaning::Miscounted,
        // A prepared statement of somebody else's has this name (a pooler gave us his connection), or a right is missing.
        "42P05" | "42501" => Meaning::Unavailable,
        _ => match code.get(..2) {
            // Data, constraints, limits of the program.
            Some("22" | "23" | "54") => Meaning::Refused,
            // What we ask for is not there, or is damaged.
            Some("42" | "XX") => Meaning::Corrupt,
            _ => Meaning::Unavailable,
        },
    }
}

/// Whether this error is the end of the connection.
pub(crate) fn is_fatal(error: &DbError) -> bool {
    matches!(error.severity(), "FATAL" | "PANIC")
        || matches!(error.code().code().get(..3), Some("57P" | "080"))
        || *error.code() == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        // It is a standby now: where there are several hosts, another connection finds the primary.
        || *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
}

/// An error and what is behind it, in one line: the library's own words leave the cause out.
pub(crate) fn in_words(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl Fault {
    /// Whether the connection cannot be used any longer.
    pub(crate) fn ends_link(&self) -> bool {
        match self {
            Self::Postgres(error) => error.as_db_error().is_none_or(is_fatal),
            Self::Unavailable(_) => true,
            Self::Corrupt(_) | Self::Refused(_) | Self::Conflict => false,
        }
    }

    /// For the write side, where it is known that nothing was written.
    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Self::Corrupt(what) => StoreError::Corrupt(what),
            Self::Refused(why) => StoreError::Refused(why),
            Self::Conflict => StoreError::Conflict,
            Self::Unavailable(why) => StoreError::Unavailable(why),
            Self::Postgres(error) => {
                let words = in_words(&error);
                match error.code().map_or(Meaning::Unavailable, meaning_of) {
                    Meaning::Conflict => StoreError::Conflict,
                    Meaning::Taken | Meaning::Refused => StoreError::Refused(words),
                    Meaning::Corrupt | Meaning::Miscounted => StoreError::Corrupt(words),
                    Meaning::Unavailable => StoreError::Unavailable(words),
                }
            }
        }
    }

    /// For the read side.
    pub(crate) fn into_view_error(self) -> ViewError {
        match self.into_store_error() {
            StoreError::Corrupt(what) => ViewError::Corrupt(what),
            other => ViewError::Unavailable(other.to_string()),
        }
    }
}
