//! Files that nobody else on the machine may read: a database tells who bought what, and has digests with which sessions of
//! the dashboard can be made.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file for its owner alone. What the library puts beside a database has the database's permissions.
pub(crate) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
