//! The file of rejected rows: line number, reason, and the row as it was.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use landfall_domain::LineId;

use super::source::Input;

/// What a rejects file has before the columns of the original.
const OWN_COLUMNS: [&str; 2] = ["line", "reason"];

/// Where rejected rows go, where nothing is said: beside the file; of standard input, into `NAME.rejects.csv`.
pub(crate) fn rejects_path(input: &Input, name: &str) -> PathBuf {
    let mut path = match input {
        Input::File(path) => path.clone().into_os_string(),
        Input::Stdin => name.into(),
    };
    path.push(".rejects.csv");
    path.into()
}

/// Where the line ids go that rows were given by their numbers.
enum LineIds {
    /// Nowhere: none were given.
    Nowhere,
    /// Into a column of our own.
    Added,
    /// Into this column of the original, where it is empty.
    At(usize),
}

/// Writes rejected rows; the file is there only if there are any.
pub(crate) struct Rejects {
    path: PathBuf,
    header: ByteRecord,
    /// Fields of each row that are left out: those of a rejects file that is imported itself.
    skip: usize,
    /// Where the line id that was given by number goes.
    line_ids: LineIds,
    writer: Option<csv::Writer<File>>,
}

impl Rejects {
    /// Removes what an earlier run left. With `line_column` the rows carry the line ids that they were
    /// given by their numbers, under this name: so they keep them when they are imported on their own.
    pub(crate) fn new(
        path: PathBuf,
        header: &ByteRecord,
        line_column: Option<&str>,
    ) -> io::Result<Self> {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let own = OWN_COLUMNS.map(str::as_bytes);
        let skip = if header.iter().take(own.len()).eq(own) {
            own.len()
        } else {
            0
        };
        let mut all = ByteRecord::from(OWN_COLUMNS.to_vec());
        let place = |name: &str| header.iter().position(|field| field == name.as_bytes());
        let line_ids = match line_column.map(|name| (name, place(name))) {
            None => LineIds::Nowhere,
            Some((_, Some(at))) => LineIds::At(at),
            Some((name, None)) => {
                all.push_field(name.as_bytes());
                LineIds::Added
            }
        };
        all.extend(header.iter().skip(skip));
        Ok(Self {
            path,
            header: all,
            skip,
            line_ids,
            writer: None,
        })
    }

    /// Adds a row.
    pub(crate) fn write<'a>(
        &mut self,
        line: u64,
        reason: &str,
        line_id: Option<&LineId>,
        fields: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let file = File::create(&self.path)?;
                let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
                writer.write_byte_record(&self.header)?;
                none.insert(writer)
            }
        };
        writer.write_field(line.to_string())?;
        writer.write_field(reason)?;
        let line_id = line_id.map_or("", LineId::as_str).as_bytes();
        if let LineIds::Added = self.line_ids {
            writer.write_field(line_id)?;
        }
        for (at, field) in fields.enumerate().skip(self.skip) {
            let ours = field.is_empty() && matches!(self.line_ids, LineIds::At(line) if line == at);
            writer.write_field(if ours { line_id } else { field })?;
        }
        writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Ends the file, and says where it is, if it is there.
    pub(crate) fn finish(mut self) -> io::Result<Option<PathBuf>> {
        match self.writer.take() {
            None => Ok(None),
            Some(mut writer) => {
                writer.flush()?;
                Ok(Some(self.path))
            }
        }
    }

    /// Where rows go.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}
