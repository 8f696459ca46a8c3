//! CSV files of batches and orders: from bytes to commands, piece by piece.
//!
//! Follow one row: [`source`] gives bytes, [`columns`] says which field means what, [`fields`] checks
//! them, [`batches`] and [`orders`] make a command of them, [`piece`] keeps it beside what was in the
//! file, and what is rejected ends in [`rejects`].

mod batches;
mod columns;
mod fields;
mod orders;
mod piece;
mod rejects;
mod repeats;
mod source;

use csv::ByteRecord;
use landfall_domain::{Command, LineId};

pub(crate) use batches::BatchRows;
pub(crate) use columns::Mapping;
pub(crate) use orders::OrderRows;
pub(crate) use piece::{Piece, Row};
pub(crate) use rejects::{Rejects, rejects_path};
pub(crate) use source::{Input, Position};

use crate::outcome::CliError;
use source::{Guarded, RowGuard};

/// The most rows that are handed on together. Few large groups cost the engine less than many small ones.
const PIECE: usize = 2_048;
/// Bytes of rows after which no more are added to a piece.
const PIECE_BYTES: usize = 1024 * 1024;

/// What a row turned out to be.
pub(crate) struct Parsed {
    /// The command, or why there is none.
    pub(crate) command: Result<Command, String>,
    /// What has to come before it: the shipment that a batch names for the first time.
    pub(crate) shipment: Option<Command>,
    /// The line id that it was given by its number, where it was.
    pub(crate) line_id: Option<LineId>,
}

/// What the rows of a file are.
pub(crate) enum Kind {
    /// Batches.
    Batches(Box<BatchRows>),
    /// Order lines.
    Orders(Box<OrderRows>),
}

impl Kind {
    fn parse(&mut self, record: &ByteRecord) -> Parsed {
        match self {
            Self::Batches(rows) => rows.parse(record),
            Self::Orders(rows) => rows.parse(record),
        }
    }
}

/// A file whose header has been read.
pub(crate) struct Rows {
    name: String,
    csv: csv::Reader<Guarded>,
    guard: RowGuard,
    /// How far reading has come.
    pub(crate) position: Position,
    crlf: bool,
    header: ByteRecord,
    kind: Kind,
    record: ByteRecord,
    line: u64,
    /// Why reading cannot go on; told when the rows before have been handed on.
    broken: Option<CliError>,
}

impl Rows {
    /// Opens a file, reads its header, and finds the columns of its kind.
    pub(crate) fn open(
        input: &Input,
        kind: impl FnOnce(&ByteRecord) -> Result<Kind, String>,
    ) -> Result<Self, CliError> {
        let failed = |reason: String| CliError::failed(format!("{input}: {reason}"));
        let source = input.open().map_err(|error| failed(error.to_string()))?;
        let (position, crlf) = (source.position.clone(), source.crlf);
        let (bytes, guard) = source.into_guarded();
        let mut csv = csv::ReaderBuilder::new()
            .flexible(true)
            .buffer_capacity(256 * 1024)
            .from_reader(bytes);
        let header = csv.byte_headers().map_err(|error| failed(reason(&error)))?;
        if header.is_empty() {
            return Err(failed("it is empty; a header was expected".into()));
        }
        let header = header.clone();
        let kind = kind(&header).map_err(failed)?;
        Ok(Self {
            name: input.to_string(),
            csv,
            guard,
            position,
            crlf,
            header,
            kind,
            record: ByteRecord::new(),
            line: 1,
            broken: None,
        })
    }

    /// The header, as it is in the file.
    pub(crate) fn header(&self) -> &ByteRecord {
        &self.header
    }

    /// What the rows are, and what was noticed while they were read.
    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The next rows; `None` at the end of the file.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece>, CliError> {
        let mut piece = Piece::default();
        while piece.rows.len() < PIECE && piece.size() < PIECE_BYTES && self.broken.is_none() {
            match self.csv.read_byte_record(&mut self.record) {
                Ok(true) => self.guard.row(),
                Ok(false) => break,
                Err(error) => {
                    let (name, line) = (&self.name, self.line);
                    let reason = reason(&error);
                    let message = format!("{name}: cannot read on after line {line}: {reason}");
                    self.broken = Some(CliError::failed(message));
                    break;
                }
            }
            self.line = self.first_line();
            let parsed = if self.record.len() == self.header.len() {
                self.kind.parse(&self.record)
            } else {
                let (found, expected) = (self.record.len(), self.header.len());
                Parsed {
                    command: Err(format!(
                        "the row has {found} fields and the header {expected}"
                    )),
                    shipment: None,
                    line_id: None,
                }
            };
            piece.push(self.line, &self.record, parsed);
        }
        if !piece.rows.is_empty() {
            return Ok(Some(piece));
        }
        self.broken.take().map_or(Ok(None), Err)
    }

    /// The line on which the record that was just read begins. The library tells the line at which it
    /// began to look for it, before blank lines and, where lines end with CR LF, still on the line before.
    fn first_line(&self) -> u64 {
        let line_ends = self.csv.position().line() - 1;
        let inside = memchr::memchr_iter(b'\n', self.record.as_slice()).count() as u64;
        // A record ends with its CR; the LF is read with the next one. The last may end without any.
        let its_own = u64::from(!self.crlf && !self.guard.open_end());
        (line_ends + 1).saturating_sub(inside + its_own)
    }
}

/// What went wrong while a file was read, without the library's own framing.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "rows/tests.rs"]
mod tests;
