//! Where relays keep their place in the database in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

use super::Shared;
use crate::log::LogRecord;
use crate::relay::{
    Advance, Begin, DeadLetter, Lease, PartitionStanding, RelayError, Relays, Shares, Standing,
};
use crate::views::{List, Page};

/// All sinks, by name; shared by all who ask for the relays of one database.
pub(super) type Sinks = Arc<Mutex<BTreeMap<String, SinkRows>>>;

/// A sink.
#[derive(Debug, Default)]
pub(super) struct SinkRows {
    /// By partition.
    places: Vec<Place>,
    /// Who would relay to it, and until when that is believed.
    members: BTreeMap<String, Instant>,
    /// By partition and offset.
    dead: BTreeMap<(u16, u64), DeadLetter>,
}

/// How far a sink is in a partition, and who relays it.
#[derive(Debug, Clone, Default)]
struct Place {
    cursor: u64,
    fence: u64,
    /// And until when it is theirs.
    holder: Option<(String, Instant)>,
}

impl Place {
    fn is_of(&self, holder: &str) -> bool {
        self.holder.as_ref().is_some_and(|(name, _)| name == holder)
    }

    fn is_free(&self, now: Instant) -> bool {
        self.holder.as_ref().is_none_or(|(_, until)| *until <= now)
    }
}

/// Where relays keep their place in the database in memory. Its time is the time of [`tokio`], which a test
/// can stop.
#[derive(Debug, Clone)]
pub struct MemoryRelays {
    shared: Shared,
}

impl MemoryRelays {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, SinkRows>) -> T) -> T {
        // Each change is whole before anything could fail.
        work(
            &mut self
                .shared
                .sinks
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Works on a sink that was enrolled.
    fn of_sink<T>(
        &self,
        sink: &str,
        work: impl FnOnce(&mut SinkRows) -> T,
    ) -> Result<T, RelayError> {
        self.with(|sinks| {
            let rows = sinks.get_mut(sink);
            let unknown = || RelayError::Unavailable(format!("there is no sink {sink}"));
            rows.map(work).ok_or_else(unknown)
        })
    }
}

/// The places with their partitions.
fn numbered(places: &mut [Place]) -> impl Iterator<Item = (u16, &mut Place)> {
    (0_u16..).zip(places)
}

#[async_trait]
impl Relays for MemoryRelays {
    fn partitions(&self) -> u16 {
        self.shared.read(|tables| tables.partitions())
    }

    async fn ends(&self) -> Result<Vec<u64>, RelayError> {
        Ok(self.shared.read(|tables| {
            let heads = tables.heads.iter();
            heads.map(|head| head.next_offset - 1).collect()
        }))
    }

    async fn log(
        &self,
        partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, RelayError> {
        Ok(self.shared.read(|tables| {
            let records = tables.events.get(usize::from(partition));
            let after = usize::try_from(after).unwrap_or(usize::MAX);
            let records = records.into_iter().flatten().skip(after);
            records.take(limit).cloned().collect()
        }))
    }

    async fn enroll(&self, sink: &str, begin: Begin) -> Result<(), RelayError> {
        let ends = self.ends().await?;
        let place = |end: &u64| Place {
            cursor: match begin {
                Begin::Now => *end,
                Begin::Beginning => 0,
            },
            ..Place::default()
        };
        self.with(|sinks| {
            sinks.entry(sink.to_owned()).or_insert_with(|| SinkRows {
                places: ends.iter().map(place).collect(),
                ..SinkRows::default()
            });
        });
        Ok(())
    }

    async fn renew(&self, sink: &str, holder: &str, lease: Duration) -> Result<Shares, RelayError> {
        self.of_sink(sink, |rows| {
            let now = Instant::now();
            rows.members.retain(|_, until| *until > now);
            rows.members.insert(holder.to_owned(), now + lease);
            let mut shares = Shares {
                members: rows.members.len(),
                ..Shares::default()
            };
            for (partition, place) in numbered(&mut rows.places) {
                if place.is_of(holder) {
                    place.holder = Some((holder.to_owned(), now + lease));
                    shares.held.push(Lease {
                        partition,
                        cursor: place.cursor,
                        fence: place.fence,
                    });
                } else if place.is_free(now) {
                    shares.free.push(partition);
                }
            }
            shares
        })
    }

    async fn take(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
        lease: Duration,
    ) -> Result<Vec<Lease>, RelayError> {
        let wanted: BTreeSet<u16> = partitions.iter().copied().collect();
        self.of_sink(sink, |rows| {
            let now = Instant::now();
            let mut taken = Vec::new();
            for (partition, place) in numbered(&mut rows.places) {
                if wanted.contains(&partition) && place.is_free(now) {
                    place.fence += 1;
                    place.holder = Some((holder.to_owned(), now + lease));
                    taken.push(Lease {
                        partition,
                        cursor: place.cursor,
                        fence: place.fence,
                    });
                }
            }
            taken
        })
    }

    async fn advance(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        advances: &[Advance],
    ) -> Result<Vec<u16>, RelayError> {
        self.of_sink(sink, |rows| {
            let mut lost = Vec::new();
            for advance in advances {
                let place = rows.places.get_mut(usize::from(advance.partition));
                let own = |place: &&mut Place| place.is_of(holder) && place.fence == advance.fence;
                let Some(place) = place.filter(own) else {
                    lost.push(advance.partition);
                    continue;
                };
                place.cursor = place.cursor.max(advance.cursor);
                for refused in &advance.dead {
                    let letter = DeadLetter {
                        sink: sink.to_owned(),
                        partition: advance.partition,
                        offset: refused.offset,
                        reason: refused.reason.clone(),
                        attempts: refused.attempts,
                        time: now,
                    };
                    rows.dead
                        .insert((advance.partition, refused.offset), letter);
                }
            }
            lost
        })
    }

    async fn release(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
    ) -> Result<(), RelayError> {
        self.of_sink(sink, |rows| {
            for (partition, place) in numbered(&mut rows.places) {
                if place.is_of(holder) && partitions.contains(&partition) {
                    place.holder = None;
                }
            }
        })
    }

    async fn leave(&self, sink: &str, holder: &str) -> Result<(), RelayError> {
        self.of_sink(sink, |rows| {
            rows.members.remove(holder);
            for place in &mut rows.places {
                if place.is_of(holder) {
                    place.holder = None;
                }
            }
        })
    }

    async fn dead_letters(
        &self,
        sink: Option<&str>,
        page: &Page,
    ) -> Result<List<DeadLetter>, RelayError> {
        let after = crate::relay::relays::letter_place(page)?;
        let after = after.as_ref().map(|(sink, partition, offset)| {
            let place: (&str, u16, u64) = (sink, *partition, *offset);
            place
        });
        Ok(self.with(|sinks| {
            let from = after.map_or(Bound::Unbounded, |(sink, ..)| Bound::Included(sink));
            let sinks = sinks.range::<str, _>((from, Bound::Unbounded));
            let wanted = sinks.filter(|(name, _)| sink.is_none_or(|sink| sink == *name));
            let letters = wanted.flat_map(|(_, rows)| rows.dead.values());
            let mut letters =
                letters.filter(|l| after.is_none_or(|a| (&*l.sink, l.partition, l.offset) > a));
            let items: Vec<_> = letters.by_ref().take(page.limit).cloned().collect();
            let more = letters.next().is_some();
            let next = items.last().filter(|_| more).map(DeadLetter::place);
            List { items, next }
        }))
    }

    async fn bury(&self, sink: &str, letters: &[(u16, u64)]) -> Result<u64, RelayError> {
        Ok(self.with(|sinks| {
            let Some(rows) = sinks.get_mut(sink) else {
                return 0;
            };
            let there = |letter: &&(u16, u64)| rows.dead.remove(letter).is_some();
            letters.iter().filter(there).count() as u64
        }))
    }

    async fn dismiss(&self, sink: &str) -> Result<(), RelayError> {
        self.with(|sinks| sinks.remove(sink));
        Ok(())
    }

    async fn standing(&self) -> Result<Vec<Standing>, RelayError> {
        let tables = self.shared.snapshot();
        let now = Instant::now();
        let place = |(partition, place): (u16, &mut Place)| {
            let log = &tables.events[usize::from(partition)];
            let next = usize::try_from(place.cursor).unwrap_or(usize::MAX);
            let holder = place.holder.as_ref().filter(|(_, until)| *until > now);
            PartitionStanding {
                partition,
                cursor: place.cursor,
                end: log.len() as u64,
                oldest: log.get(next).map(|record| record.time),
                holder: holder.map(|(name, _)| name.clone()),
            }
        };
        Ok(self.with(|sinks| {
            let standing = |(sink, rows): (&String, &mut SinkRows)| Standing {
                sink: sink.clone(),
                partitions: numbered(&mut rows.places).map(place).collect(),
                dead_letters: rows.dead.len() as u64,
            };
            sinks.iter_mut().map(standing).collect()
        }))
    }
}
