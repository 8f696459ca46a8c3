//! Some neighbouring rows of a file: the commands that they ask for, and the rows themselves, because
//! those that are rejected are written out again.

use csv::ByteRecord;
use landfall_domain::LineId;
use landfall_service::Request;

use super::Parsed;

/// A row: its place in the file, and what is wrong with it already.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line of the file on which it begins; the header's is 1.
    pub(crate) line: u64,
    /// Why it asks for nothing; `None`: its command is in [`Piece::requests`].
    pub(crate) wrong: Option<String>,
    /// Whether its command comes after one for the shipment that it names.
    pub(crate) with_shipment: bool,
    /// The line id that it was given by its number, where it was.
    pub(crate) line_id: Option<LineId>,
    /// Where its fields end in [`Piece::ends`].
    ends: usize,
}

/// Neighbouring rows.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// The commands of the rows that are not wrong, in the rows' order: one for each, and before it one for
    /// its shipment where it is the first to name it.
    pub(crate) requests: Vec<Request>,
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// The fields of all rows, one after the other, and where each ends: one buffer instead of one for
    /// each row.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Piece {
    /// Adds a row.
    pub(super) fn push(&mut self, line: u64, record: &ByteRecord, parsed: Parsed) {
        let mut with_shipment = false;
        let wrong = match parsed.command {
            Ok(command) => {
                if let Some(shipment) = parsed.shipment {
                    self.requests.push(shipment.into());
                    with_shipment = true;
                }
                self.requests.push(command.into());
                None
            }
            Err(reason) => Some(reason),
        };
        for field in record {
            self.bytes.extend_from_slice(field);
            self.ends.push(self.bytes.len());
        }
        self.rows.push(Row {
            line,
            wrong,
            with_shipment,
            line_id: parsed.line_id,
            ends: self.ends.len(),
        });
    }

    /// Bytes of its rows.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The fields of a row, as they are in the file.
    pub(crate) fn fields(&self, row: usize) -> impl Iterator<Item = &[u8]> {
        let end = |row: usize| self.rows.get(row).map_or(0, |row| row.ends);
        let first = row.checked_sub(1).map_or(0, end);
        let range = first..end(row).max(first);
        range.map(|field| {
            let start = field.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.bytes[start..self.ends[field]]
        })
    }
}
