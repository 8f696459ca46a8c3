//! Where a command's data goes: standard output, or a file that has its name only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::outcome::CliError;

/// Bytes that are written at once.
const BUFFER: usize = 64 * 1024;

enum Sink {
    Stdout(BufWriter<io::Stdout>),
    Plain(BufWriter<File>),
    Packed(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::Plain(file) => file,
            Self::Packed(file) => file,
        }
    }
}

/// An open output.
pub(crate) struct Output {
    sink: Sink,
    file: Option<Partial>,
}

/// A file under another name until it is complete; it is removed if it never is.
struct Partial {
    name: PathBuf,
    until_then: PathBuf,
    complete: bool,
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.complete {
            // There is nothing to be done about one that cannot be removed.
            let _ = std::fs::remove_file(&self.until_then);
        }
    }
}

impl Output {
    /// `-` is standard output; a name that ends in `.gz` is packed.
    pub(crate) fn create(path: &Path) -> Result<Self, CliError> {
        if path.as_os_str() == "-" {
            let out = BufWriter::with_capacity(BUFFER, io::stdout());
            return Ok(Self {
                sink: Sink::Stdout(out),
                file: None,
            });
        }
        // A device or a pipe takes what comes, and no other file takes its place.
        let special = path.metadata().is_ok_and(|data| !data.is_file());
        let partial = if special {
            path.to_owned()
        } else {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{}.partial", std::process::id()));
            name.into()
        };
        let file = if special {
            File::options().write(true).open(path)
        } else {
            File::create(&partial)
        };
        let file = file.map_err(|error| failed(path, &error))?;
        let buffered = BufWriter::with_capacity(BUFFER, file);
        let packed = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let sink = if packed {
            Sink::Packed(Box::new(GzEncoder::new(buffered, Compression::default())))
        } else {
            Sink::Plain(buffered)
        };
        Ok(Self {
            sink,
            file: Some(Partial {
                name: path.to_owned(),
                until_then: partial,
                complete: special,
            }),
        })
    }

    /// Writes.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        write(self.sink.writer()).map_err(|error| self.failed(&error))
    }

    /// Ends it, and says which file it is.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, CliError> {
        let ended = match &mut self.sink {
            Sink::Packed(packed) => packed.try_finish().and_then(|()| packed.get_mut().flush()),
            other => other.writer().flush(),
        };
        ended.map_err(|error| self.failed(&error))?;
        let Some(mut file) = self.file.take() else {
            return Ok(None);
        };
        if !file.complete {
            std::fs::rename(&file.until_then, &file.name)
                .map_err(|error| failed(&file.name, &error))?;
            file.complete = true;
        }
        Ok(Some(std::mem::take(&mut file.name)))
    }

    fn failed(&self, error: &io::Error) -> CliError {
        match &self.file {
            None => CliError::stdout(error),
            Some(file) => failed(&file.name, error),
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::failed(format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_file_has_its_name_when_it_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.csv");
        let files = || std::fs::read_dir(directory.path()).unwrap().count();
        let mut output = Output::create(&path).unwrap();
        output.write(|out| out.write_all(b"half")).unwrap();
        assert!(!path.exists());
        drop(output);
        assert_eq!(files(), 0);
        let mut output = Output::create(&path).unwrap();
        output.write(|out| out.write_all(b"whole")).unwrap();
        assert_eq!(output.finish().unwrap(), Some(path.clone()));
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(files(), 1);
    }

    #[test]
    fn a_file_is_packed_by_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.csv.gz");
        let mut output = Output::create(&path).unwrap();
        output.write(|out| out.write_all(b"whole")).unwrap();
        output.finish().unwrap();
        let mut text = String::new();
        let file = File::open(&path).unwrap();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "whole");
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let path = Path::new("/dev/null");
        let mut output = Output::create(path).unwrap();
        output.write(|out| out.write_all(b"nothing")).unwrap();
        output.finish().unwrap();
        assert!(!path.metadata().unwrap().is_file());
    }
}
