//! How far somebody has read the log: the last offset of each partition, and as text.

use std::fmt;

use super::LogRecord;

/// The last offset that was read of each partition; 0: nothing yet.
///
/// As text it is `partition-offset` of each partition that something was read of, with dots between them:
/// `0-42`, or `0-42.3-7`. The beginning is `0-0`. In a log of one partition it is the last event's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCursor {
    offsets: Vec<u64>,
}

impl LogCursor {
    /// The beginning of a log of so many partitions.
    pub fn new(partitions: u16) -> Self {
        Self {
            offsets: vec![0; usize::from(partitions.max(1))],
        }
    }

    /// After these offsets, by partition.
    pub fn at(offsets: Vec<u64>) -> Self {
        Self { offsets }
    }

    /// Reads the text; `None`: no cursor of a log of so many partitions.
    pub fn parse(text: &str, partitions: u16) -> Option<Self> {
        let mut cursor = Self::new(partitions);
        if text == "0-0" {
            return Some(cursor);
        }
        let mut next = 0;
        for part in text.split('.') {
            let (partition, offset) = part.split_once('-')?;
            let (partition, offset) = (number(partition)?, number(offset)?);
            let place = usize::try_from(partition).ok()?;
            // Every place has one text: ascending, and nothing that says nothing.
            if place < next || offset == 0 {
                return None;
            }
            next = place + 1;
            *cursor.offsets.get_mut(place)? = offset;
        }
        Some(cursor)
    }

    /// The last offset that was read of this partition.
    pub fn offset(&self, partition: u16) -> u64 {
        let offset = self.offsets.get(usize::from(partition));
        offset.copied().unwrap_or(0)
    }

    /// The last offsets, by partition.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// This record was read.
    pub fn pass(&mut self, record: &LogRecord) {
        if let Some(offset) = self.offsets.get_mut(usize::from(record.partition)) {
            *offset = record.offset;
        }
    }
}

/// Digits as a number is written: without a sign and without leading zeros.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = plain && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

impl fmt::Display for LogCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.offsets.iter().enumerate();
        let mut first = true;
        for (partition, offset) in read.filter(|(_, offset)| **offset > 0) {
            let dot = if first { "" } else { "." };
            write!(f, "{dot}{partition}-{offset}")?;
            first = false;
        }
        if first {
            f.write_str("0-0")?;
        }
        Ok(())
    }
}

/// One page of what was read of several partitions: the earliest first, each partition in its own order.
pub fn merge(partitions: Vec<Vec<LogRecord>>, limit: usize) -> Vec<LogRecord> {
    let mut partitions: Vec<_> = partitions
        .into_iter()
        .map(|records| records.into_iter().peekable())
        .collect();
    let mut page = Vec::new();
    while page.len() < limit {
        let heads = partitions.iter_mut().enumerate();
        let heads = heads.filter_map(|(place, records)| Some((records.peek()?.time, place)));
        let Some((_, place)) = heads.min() else { break };
        page.extend(partitions[place].next());
    }
    page
}

/// The last records of several partitions, each the newest first: the newest first, at most so many.
pub fn latest(partitions: Vec<Vec<LogRecord>>, limit: usize) -> Vec<LogRecord> {
    let mut partitions: Vec<_> = partitions
        .into_iter()
        .map(|records| records.into_iter().peekable())
        .collect();
    let mut page = Vec::new();
    while page.len() < limit {
        let heads = partitions.iter_mut().enumerate();
        let heads = heads.filter_map(|(place, records)| Some((records.peek()?.time, place)));
        let Some((_, place)) = heads.max() else { break };
        page.extend(partitions[place].next());
    }
    page
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use landfall_domain::{Event, ShipmentRef};

    use super::*;

    fn record(partition: u16, offset: u64, second: i64) -> LogRecord {
        LogRecord {
            partition,
            offset,
            sku: None,
            time: Timestamp::from_second(second).unwrap(),
            command_id: "k".into(),
            actor: None,
            event: Event::ShipmentReleased {
                reference: ShipmentRef::new("s").unwrap(),
            },
        }
    }

    #[test]
    fn a_cursor_is_its_text() {
        for (text, partitions) in [
            ("0-0", 1),
            ("0-42", 1),
            ("0-42.3-7", 4),
            ("3-18446744073709551615", 4),
        ] {
            let cursor = LogCursor::parse(text, partitions).unwrap();
            assert_eq!(cursor.to_string(), text);
        }
        let cursor = LogCursor::parse("1-5.3-7", 4).unwrap();
        assert_eq!(cursor.offsets(), [0, 5, 0, 7]);
        assert_eq!((cursor.offset(3), cursor.offset(9)), (7, 0));
    }

    #[test]
    fn what_is_no_cursor_is_none() {
        for text in [
            "",
            "0",
            "-",
            "0-",
            "-1",
            "0-x",
            "0-+1",
            "0-01",
            "1-5",
            "4-1",
            "3-1.1-1",
            "1-1.1-2",
            "1-0",
            "0-0.1-1",
            "1-1.",
            ".1-1",
            "0-18446744073709551616",
            "65536-1",
            "0 -1",
        ] {
            let partitions = if text == "1-5" { 1 } else { 4 };
            assert_eq!(LogCursor::parse(text, partitions), None, "{text}");
        }
    }

    #[test]
    fn a_record_moves_its_partition() {
        let mut cursor = LogCursor::new(3);
        cursor.pass(&record(2, 1, 0));
        cursor.pass(&record(0, 1, 0));
        cursor.pass(&record(2, 2, 0));
        assert_eq!(cursor.to_string(), "0-1.2-2");
    }

    #[test]
    fn a_page_goes_by_time_and_keeps_each_partitions_order() {
        let partitions = vec![
            vec![record(0, 1, 10), record(0, 2, 5), record(0, 3, 30)],
            vec![record(1, 1, 7), record(1, 2, 20)],
        ];
        let ids = |page: Vec<LogRecord>| page.iter().map(LogRecord::id).collect::<Vec<_>>();
        assert_eq!(
            ids(merge(partitions.clone(), 9)),
            ["1-1", "0-1", "0-2", "1-2", "0-3"]
        );
        assert_eq!(ids(merge(partitions, 2)), ["1-1", "0-1"]);
        let backwards = vec![
            vec![record(0, 3, 30), record(0, 2, 5), record(0, 1, 10)],
            vec![record(1, 2, 20), record(1, 1, 7)],
        ];
        assert_eq!(
            ids(latest(backwards.clone(), 9)),
            ["0-3", "1-2", "1-1", "0-2", "0-1"]
        );
        assert_eq!(ids(latest(backwards, 2)), ["0-3", "1-2"]);
    }
}
