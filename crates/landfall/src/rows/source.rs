//! Where rows come from: a file or standard input, plain or gzip, one that never ends a row included.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// Bytes that are read from a file at once.
const BUFFER: usize = 256 * 1024;
/// Bytes in which a row has to end: a quotation mark without its fellow would make one row of all that
/// follows.
const LONGEST_ROW: u64 = 16 * 1024 * 1024;

/// A file by its path, or `-` for standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "-" {
            Self::Stdin
        } else {
            Self::File(text.into())
        })
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// The file, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }

    /// Opens it; gzip is told by how it begins, not by its name.
    pub(crate) fn open(&self) -> io::Result<Source> {
        let (raw, length): (Box<dyn Read + Send>, _) = match self {
            Self::Stdin => (Box::new(io::stdin()), None),
            Self::File(path) => {
                let file = File::open(path)?;
                let length = file.metadata().ok().filter(std::fs::Metadata::is_file);
                (Box::new(file), length.map(|data| data.len()))
            }
        };
        Source::new(raw, length)
    }
}

/// How far reading has come. Shared with whoever shows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    read: Arc<AtomicU64>,
    /// Bytes of the file, where known.
    pub(crate) length: Option<u64>,
}

impl Position {
    /// Bytes of the file that were read, still packed if it is packed.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// An open input, unpacked.
pub(crate) struct Source {
    bytes: BufReader<Box<dyn Read + Send>>,
    /// How far it has come.
    pub(crate) position: Position,
    /// Whether its lines end as Windows ends them; told by the first.
    pub(crate) crlf: bool,
}

impl Source {
    fn new(raw: Box<dyn Read + Send>, length: Option<u64>) -> io::Result<Self> {
        let position = Position {
            read: Arc::default(),
            length,
        };
        let counted = Counted {
            inner: raw,
            count: Arc::clone(&position.read),
        };
        let mut packed = BufReader::with_capacity(BUFFER, counted);
        let unpacked: Box<dyn Read + Send> = if packed.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            Box::new(MultiGzDecoder::new(packed))
        } else {
            Box::new(packed)
        };
        let mut bytes = BufReader::with_capacity(BUFFER, unpacked);
        let first = bytes.fill_buf()?;
        if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
            return Err(io::Error::other("it is UTF-16; save it as UTF-8"));
        }
        let end = memchr::memchr(b'\n', first);
        let crlf = end.is_some_and(|end| first[..end].ends_with(b"\r"));
        Ok(Self {
            bytes,
            position,
            crlf,
        })
    }

    /// The bytes, to be read line by line.
    pub(crate) fn into_lines(self) -> BufReader<Box<dyn Read + Send>> {
        self.bytes
    }

    /// The bytes, guarded against a row without an end.
    pub(crate) fn into_guarded(self) -> (Guarded, RowGuard) {
        let guard = RowGuard::default();
        let guarded = Guarded {
            inner: self.bytes,
            last_byte: b'\n',
            state: Arc::clone(&guard.0),
        };
        (guarded, guard)
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Told of every row, so that [`Guarded`] knows how long the present one is.
#[derive(Debug, Default)]
pub(crate) struct RowGuard(Arc<GuardState>);

#[derive(Debug, Default)]
struct GuardState {
    since_row: AtomicU64,
    open_end: AtomicBool,
}

impl RowGuard {
    /// A row has ended.
    pub(crate) fn row(&self) {
        self.0.since_row.store(0, Ordering::Relaxed);
    }

    /// Whether everything has been read and the last line has no end.
    pub(crate) fn open_end(&self) -> bool {
        self.0.open_end.load(Ordering::Relaxed)
    }
}

/// Fails when a row goes on for too long.
pub(crate) struct Guarded {
    inner: BufReader<Box<dyn Read + Send>>,
    last_byte: u8,
    state: Arc<GuardState>,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match buffer[..read].last() {
            Some(last) => self.last_byte = *last,
            None => self
                .state
                .open_end
                .store(self.last_byte != b'\n', Ordering::Relaxed),
        }
        let read_since = &self.state.since_row;
        if read_since.fetch_add(read as u64, Ordering::Relaxed) > LONGEST_ROW {
            return Err(io::Error::other(
                "a row does not end within 16 MiB; is a quotation mark never closed?",
            ));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn pack(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(bytes: Vec<u8>) -> io::Result<String> {
        let source = Source::new(Box::new(io::Cursor::new(bytes)), None)?;
        let (mut guarded, _) = source.into_guarded();
        let mut text = String::new();
        guarded.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn gzip_is_told_by_its_first_bytes() {
        assert_eq!(unpack(b"a,b".to_vec()).unwrap(), "a,b");
        assert_eq!(unpack(pack("a,b")).unwrap(), "a,b");
        assert_eq!(unpack(Vec::new()).unwrap(), "");
        let two_members = [pack("a,b\n"), pack("1,2\n")].concat();
        assert_eq!(unpack(two_members).unwrap(), "a,b\n1,2\n");
        let cut = pack(&"a,b\n".repeat(100));
        assert!(unpack(cut[..cut.len() - 9].to_vec()).is_err());
    }

    #[test]
    fn other_encodings_are_refused() {
        let error = unpack(vec![0xff, 0xfe, b'a', 0]).unwrap_err();
        assert!(error.to_string().contains("UTF-16"), "{error}");
    }

    #[test]
    fn a_row_without_an_end_is_not_read_into_memory() {
        let endless = Box::new(io::repeat(b'x'));
        let (mut guarded, guard) = Source::new(endless, None).unwrap().into_guarded();
        let mut buffer = vec![0; BUFFER];
        for _ in 0..100 {
            guarded.read_exact(&mut buffer).unwrap();
            guard.row();
        }
        let mut read = 0;
        let error = loop {
            match guarded.read(&mut buffer) {
                Ok(more) => read += more as u64,
                Err(error) => break error,
            }
        };
        assert!(read < LONGEST_ROW + 2 * BUFFER as u64, "{read}");
        assert!(error.to_string().contains("quotation mark"), "{error}");
    }

    #[test]
    fn what_was_read_is_counted() {
        let source = Source::new(Box::new(io::Cursor::new(vec![b'x'; 1000])), Some(1000)).unwrap();
        let position = source.position.clone();
        io::copy(&mut source.into_guarded().0, &mut io::sink()).unwrap();
        assert_eq!((position.read(), position.length), (1000, Some(1000)));
    }
}
