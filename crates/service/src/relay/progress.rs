//! How far a sink has come in a partition, between the cursor that is written down and the log.

use jiff::Timestamp;

use super::publisher::{Delivery, Refused};
use crate::log::LogRecord;

/// Of one lease. `saved <= through <= taken`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The cursor as it is written down.
    pub(super) saved: u64,
    /// Up to here everything is out.
    pub(super) through: u64,
    /// Up to here the sink has taken the records.
    pub(super) taken: u64,
    /// Dead letters that are not written down.
    pub(super) dead: Vec<Refused>,
    /// When the first record was written that is not out, as far as it is known.
    pub(super) oldest: Option<Timestamp>,
    /// Setbacks since something last went out.
    pub(super) setbacks: u32,
    /// Why the sink is left alone for a while.
    pub(super) in_the_way: Option<String>,
}

/// What a delivery changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Records that the sink has taken and not refused.
    pub(super) delivered: u64,
    /// Records that it has refused for good.
    pub(super) dead: u64,
    /// Whether anything is otherwise than before.
    pub(super) at_all: bool,
}

impl Progress {
    /// At a cursor.
    pub(super) fn at(cursor: u64) -> Self {
        Self {
            saved: cursor,
            through: cursor,
            taken: cursor,
            ..Self::default()
        }
    }

    /// These records are to go out now.
    pub(super) fn begin(&mut self, records: &[LogRecord]) {
        if self.oldest.is_none() {
            self.oldest = records.first().map(|record| record.time);
        }
    }

    /// What became of records that follow those that were taken; what a sink says beyond what it was given
    /// is not believed.
    pub(super) fn settle(&mut self, records: &[LogRecord], delivery: Delivery) -> Moved {
        let before = (self.taken, self.through);
        let last = records.last().map_or(self.taken, |record| record.offset);
        let taken = delivery.taken.unwrap_or(0).min(last);
        self.taken = self.taken.max(taken);
        let through = delivery.through.unwrap_or(0).min(self.taken);
        self.through = self.through.max(through);
        let mut dead = delivery.dead;
        dead.retain(|refused| (before.1 + 1..=last).contains(&refused.offset));
        dead.sort_unstable_by_key(|refused| refused.offset);
        dead.dedup_by_key(|refused| refused.offset);
        // What is refused is as good as out.
        for refused in &dead {
            if refused.offset == self.through + 1 {
                self.through += 1;
            }
        }
        self.taken = self.taken.max(self.through);
        let count = dead.len() as u64;
        let moved = Moved {
            delivered: (self.taken - before.0).saturating_sub(count),
            dead: count,
            at_all: before != (self.taken, self.through) || count > 0,
        };
        self.dead.extend(dead);
        let first = records.iter().find(|record| record.offset > self.through);
        if self.through > before.1 || before.1 == before.0 {
            self.oldest = match first {
                Some(record) => Some(record.time),
                None if self.through < self.taken => self.oldest,
                None => None,
            };
        }
        moved
    }

    /// Whether there is something to write down.
    pub(super) fn is_unsaved(&self) -> bool {
        self.through > self.saved || !self.dead.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use landfall_domain::{Event, ShipmentRef};

    use super::*;
    use crate::relay::Setback;

    fn records(offsets: std::ops::RangeInclusive<u64>) -> Vec<LogRecord> {
        let record = |offset: u64| LogRecord {
            partition: 0,
            offset,
            sku: None,
            time: Timestamp::from_second(i64::try_from(offset).unwrap()).unwrap(),
            command_id: "k".into(),
            actor: None,
            event: Event::ShipmentReleased {
                reference: ShipmentRef::new("s").unwrap(),
            },
        };
        offsets.map(record).collect()
    }

    fn refused(offset: u64) -> Refused {
        Refused {
            offset,
            reason: "no".into(),
            attempts: 1,
        }
    }

    fn second(progress: &Progress) -> Option<i64> {
        progress.oldest.map(Timestamp::as_second)
    }

    #[test]
    fn what_is_out_is_out() {
        let mut progress = Progress::at(10);
        let batch = records(11..=14);
        progress.begin(&batch);
        assert_eq!(second(&progress), Some(11));
        let delivery = Delivery::until(&batch[..2], Setback::new("busy"));
        let moved = progress.settle(&batch, delivery);
        assert_eq!((moved.delivered, moved.dead, moved.at_all), (2, 0, true));
        assert_eq!((progress.taken, progress.through), (12, 12));
        assert_eq!(second(&progress), Some(13));
        let batch = records(13..=14);
        progress.begin(&batch);
        let none = progress.settle(&batch, Delivery::until(&[], Setback::new("busy")));
        assert_eq!(none, Moved::default());
        assert_eq!((progress.taken, progress.through), (12, 12));
        assert_eq!(progress.settle(&batch, Delivery::all(&batch)).delivered, 2);
        assert_eq!((second(&progress), progress.saved), (None, 10));
        assert!(progress.is_unsaved());
    }

    #[test]
    fn what_is_held_back_is_taken_and_not_out() {
        let mut progress = Progress::at(0);
        let batch = records(1..=5);
        progress.begin(&batch);
        let delivery = Delivery {
            taken: Some(5),
            through: Some(2),
            ..Delivery::default()
        };
        assert_eq!(progress.settle(&batch, delivery).delivered, 5);
        assert_eq!((progress.taken, progress.through), (5, 2));
        assert_eq!(second(&progress), Some(3));
        let batch = records(6..=6);
        progress.begin(&batch);
        let delivery = Delivery {
            taken: Some(6),
            ..Delivery::default()
        };
        progress.settle(&batch, delivery);
        assert_eq!((progress.taken, progress.through), (6, 2));
        assert_eq!(second(&progress), Some(3), "the oldest is still held back");
        let delivery = Delivery {
            through: Some(6),
            ..Delivery::default()
        };
        assert!(progress.settle(&[], delivery).at_all);
        assert_eq!((progress.taken, progress.through), (6, 6));
        assert_eq!(second(&progress), None);
    }

    #[test]
    fn what_is_refused_counts_as_out() {
        let mut progress = Progress::at(0);
        let batch = records(1..=5);
        let delivery = Delivery {
            taken: Some(4),
            through: Some(1),
            dead: vec![refused(3), refused(2), refused(2), refused(9), refused(0)],
            setback: None,
        };
        let moved = progress.settle(&batch, delivery);
        assert_eq!((moved.delivered, moved.dead), (2, 2));
        assert_eq!((progress.taken, progress.through), (4, 3));
        let offsets: Vec<u64> = progress.dead.iter().map(|dead| dead.offset).collect();
        assert_eq!(offsets, [2, 3]);
        // A dead letter alone moves on, too.
        let batch = records(5..=5);
        let delivery = Delivery {
            dead: vec![refused(5)],
            ..Delivery::default()
        };
        progress.through = 4;
        let moved = progress.settle(&batch, delivery);
        assert_eq!((moved.delivered, moved.dead, moved.at_all), (0, 1, true));
        assert_eq!((progress.taken, progress.through), (5, 5));
    }

    #[test]
    fn a_sink_is_not_believed_beyond_what_it_was_given() {
        let mut progress = Progress::at(10);
        let batch = records(11..=12);
        let delivery = Delivery {
            taken: Some(99),
            through: Some(99),
            ..Delivery::default()
        };
        progress.settle(&batch, delivery);
        assert_eq!((progress.taken, progress.through), (12, 12));
        let delivery = Delivery {
            taken: Some(1),
            through: Some(1),
            ..Delivery::default()
        };
        assert!(!progress.settle(&records(13..=14), delivery).at_all);
        assert_eq!((progress.taken, progress.through), (12, 12));
    }
}
