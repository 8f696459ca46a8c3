//! One writer at a time: an advisory lock on a file beside the database, which the operating system
//! releases when the process ends, however it ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// The right to write to a database. Hold it as long as a [`crate::SqliteStore`] is open for writing.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock of the database at `path`, which need not exist yet. Where another process has it,
    /// the error says which.
    pub fn acquire(path: impl AsRef<Path>) -> Result<WriterLock, OpenError> {
        let path = path.as_ref();
        let lock = lock_path(path);
        let io = |source| OpenError::Io {
            path: lock.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        // Not truncated: it may be another's.
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&lock).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked {
                    path: path.into(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let mut taken = WriterLock { file };
        taken.write(None).map_err(io)?;
        Ok(taken)
    }

    /// Writes down under which URL the service can be reached, for those who are refused.
    pub fn announce(&mut self, url: &str) -> io::Result<()> {
        self.write(Some(url))
    }

    fn write(&mut self, url: Option<&str>) -> io::Result<()> {
        let mut text = format!("process {}", std::process::id());
        if let Some(url) = url {
            // Writing to a String cannot fail.
            let _ = std::fmt::Write::write_fmt(&mut text, format_args!(" ({url})"));
        }
        text.push('\n');
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())
    }
}

/// What the holder wrote down.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    // It may be in the midst of writing; then it stays unnamed.
    let read = file.take(1_000).read_to_string(&mut text);
    match text.trim() {
        named if read.is_ok() && !named.is_empty() => named.to_owned(),
        _ => "another process".to_owned(),
    }
}

/// Beside the database, the same file by whatever path the database is named.
fn lock_path(path: &Path) -> PathBuf {
    let real = path.canonicalize().unwrap_or_else(|_| {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize();
        match (parent, path.file_name()) {
            (Ok(parent), Some(name)) => parent.join(name),
            _ => path.to_owned(),
        }
    });
    let mut name = OsString::from(real);
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_and_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("landfall.db");
        let mut lock = WriterLock::acquire(&path).unwrap();
        let refused = || WriterLock::acquire(&path).unwrap_err().to_string();
        assert!(
            refused().contains(&format!("process {}", std::process::id())),
            "{}",
            refused()
        );
        lock.announce("http://127.0.0.1:5005").unwrap();
        assert!(
            refused().contains("(http://127.0.0.1:5005)"),
            "{}",
            refused()
        );
        assert!(refused().contains("--url URL"), "{}", refused());
        drop(lock);
        let lock = WriterLock::acquire(&path).unwrap();
        assert!(
            !refused().contains("http"),
            "the URL of the one before is gone: {}",
            refused()
        );
        drop(lock);
    }

    #[test]
    fn a_database_has_one_lock_by_whatever_path_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        let lock = WriterLock::acquire(dir.path().join("a.db")).unwrap();
        let other = dir.path().join("sub").join("..").join("a.db");
        assert!(matches!(
            WriterLock::acquire(other),
            Err(OpenError::Locked { .. })
        ));
        assert!(WriterLock::acquire(dir.path().join("b.db")).is_ok());
        drop(lock);
    }
}
