//! A copy of a database of one moment, while a service writes to it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use crate::connection;
use crate::error::BackupError;
use crate::options::Options;
use crate::private;

/// Pages copied between two reports of progress: 1 MiB.
const PAGES_AT_ONCE: i32 = 256;

/// Copies the database at `path` to the new file `to`. It is the database of the moment at which this
/// began, whatever is written meanwhile; `progress` is told how many of how many pages are copied. The
/// file has its name only when it is complete and on the disk.
pub fn backup(
    path: impl AsRef<Path>,
    to: impl AsRef<Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    let to = to.as_ref();
    let source = connection::reader(path.as_ref(), &Options::default())?;
    refuse_existing(to)?;
    let partial = Partial::beside(to)?;
    copy(&source, &partial.path, progress)?;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::Io { path, source }
    };
    File::open(&partial.path)
        .and_then(|file| file.sync_all())
        .map_err(io(&partial.path))?;
    partial.name(to).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists(to.into()),
        _ => io(to)(error),
    })?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|directory| directory.sync_all())
        .map_err(io(parent))
}

fn refuse_existing(to: &Path) -> Result<(), BackupError> {
    match to.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BackupError::Io {
            path: to.into(),
            source,
        }),
        Ok(_) => Err(BackupError::Exists(to.into())),
    }
}

fn copy(
    source: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    // Within one read transaction it stays one moment, and writers do not make it begin again.
    source.execute_batch("BEGIN; SELECT 1 FROM heads;")?;
    let mut copy = Connection::open(to)?;
    // If this is interrupted the file is thrown away: nothing needs to be durable before the end.
    copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")?;
    let backup = Backup::new(source, &mut copy)?;
    loop {
        let step = backup.step(PAGES_AT_ONCE)?;
        let pages = backup.progress();
        let total = u64::try_from(pages.pagecount).unwrap_or(0);
        let left = u64::try_from(pages.remaining).unwrap_or(0);
        progress(total.saturating_sub(left), total);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ => return Err(busy().into()),
        }
    }
    drop(backup);
    source.execute_batch("ROLLBACK")?;
    copy.close().map_err(|(_, error)| error.into())
}

/// Nobody else knows the copy, and readers are not locked out of a source with a write-ahead log.
fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)
}

/// A file that is removed unless it is given its name.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn beside(to: &Path) -> Result<Self, BackupError> {
        let mut name = OsString::from(to);
        name.push(format!(".{}.partial", std::process::id()));
        let path = PathBuf::from(name);
        private::new_file(&path).map_err(|source| BackupError::Io {
            path: path.clone(),
            source,
        })?;
        Ok(Self { path })
    }

    /// Gives it its name, unless there is such a file by now.
    fn name(&self, to: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, to) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // This file system has no links.
                match to.symlink_metadata() {
                    Ok(_) => Err(ErrorKind::AlreadyExists.into()),
                    Err(_) => fs::rename(&self.path, to),
                }
            }
            linked => linked,
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut name = OsString::from(&self.path);
            name.push(suffix);
            // Most of them are not there.
            let _ = fs::remove_file(PathBuf::from(name));
        }
    }
}
