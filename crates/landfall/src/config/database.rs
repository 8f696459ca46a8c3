//! Which database: a file, a server, or memory.

use std::path::PathBuf;
use std::str::FromStr;

use super::secrets::masked_url;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server, by its URL. It may hold a password: [`Display`](std::fmt::Display)
    /// masks it.
    Postgres(String),
    /// Nowhere: it is gone when the process ends.
    Memory,
}

impl Default for Database {
    fn default() -> Self {
        Self::Sqlite("landfall.db".into())
    }
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            // As in a URL: `sqlite:///data/x.db` is /data/x.db.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("sqlite: needs a path, as in sqlite:landfall.db".into());
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err("must be sqlite:PATH, postgres://… or memory:".into())
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&masked_url(url)),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
