//! The desk against the log: what the events up to its place mean must be what it holds.
//!
//! The fold is the desk's own, event by event; but what it knows of a line that gets into trouble comes from the
//! audit's ledger and not from the line's history, and nothing of it was ever written down and read again.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::{BatchRef, Event, LineKey};

use super::Findings;
use super::compare::differ;
use super::ledger::{Ledger, Standing, key_name};
use crate::desk::line::{self, LineState};
use crate::desk::tables::{BatchRow, Peg, Place, WorkRow};
use crate::desk::{Cause, Figures, Total, Totals, WorkKind, days, projector};
use crate::log::LogRecord;
use crate::views::DeskShown;

/// The desk as the log tells it.
#[derive(Default)]
pub(super) struct DeskLedger {
    /// By partition; empty where it was not begun.
    places: BTreeMap<u16, Place>,
    zone: Option<TimeZone>,
    /// The lines that need a person, and those that lost their stock just now.
    lines: HashMap<LineKey, (u16, LineState)>,
    batches: HashMap<BatchRef, BatchRow>,
    days: BTreeMap<(u16, Date), Figures>,
    totals: BTreeMap<u16, Totals>,
    /// Rows of the worklist that were seen.
    pub(super) rows: u64,
}

impl DeskLedger {
    /// Events of the log that the desk has not taken in.
    pub(super) fn behind(&self) -> u64 {
        let places = self.places.values();
        places
            .map(|place| place.end.saturating_sub(place.through))
            .sum()
    }

    /// Takes an event in, if the desk has. The ledger is as it was before the event.
    pub(super) fn event(&mut self, ledger: &Ledger, record: &LogRecord) {
        let place = self.places.get(&record.partition);
        if place.is_none_or(|place| record.offset > place.through) {
            return;
        }
        let event = &record.event;
        let key = event.line().map(|(order_id, line_id)| LineKey {
            order_id: order_id.clone(),
            line_id: line_id.clone(),
        });
        let before = key.as_ref().and_then(|key| {
            let listed = self.lines.remove(key).map(|(_, state)| state);
            listed.or_else(|| known(ledger, key, record))
        });
        let figures = days::count(event, before.as_ref().map(|state| state.standing));
        if figures != Figures::default() {
            let day = days::day_of(record.time, self.zone.as_ref().unwrap_or(&TimeZone::UTC));
            self.add(record.partition, day, |sum| *sum = sum.plus(figures));
        }
        if let Some(key) = key
            && let Some(state) = line::apply(before, record)
            && (state.kind().is_some() || state.standing == line::Standing::Loose)
        {
            self.lines.insert(key, (record.partition, state));
        }
        self.batch(record);
    }

    fn add(&mut self, partition: u16, day: Date, change: impl FnOnce(&mut Figures)) {
        change(self.days.entry((partition, day)).or_default());
    }

    fn batch(&mut self, record: &LogRecord) {
        let Some((batch, said)) = days::of_batch(&record.event) else {
            return;
        };
        let row = self
            .batches
            .entry(batch.clone())
            .or_insert_with(|| BatchRow {
                batch: batch.clone(),
                shipment: None,
                landed: None,
            });
        let Some(landed) = days::take_in(row, said) else {
            return;
        };
        for (landing, lands) in [(landed.before, false), (landed.after, true)] {
            if let Some(landing) = landing {
                self.add(record.partition, landing.on, |sum| {
                    days::land(sum, landing, lands);
                });
            }
        }
    }

    /// Holds what the desk has against it.
    pub(super) fn shown(&mut self, shown: DeskShown<'_>, findings: &mut Findings) {
        match shown {
            DeskShown::Place(place) => {
                self.zone = projector::zone_named(&place.zone).ok();
                if self.zone.is_none() {
                    let zone = &place.zone;
                    findings.of_views(|f| f.add(|| format!("the desk's zone {zone} is unknown")));
                }
                if place.through > place.end {
                    let partition = place.partition;
                    let words =
                        || format!("the desk stands beyond the end of partition {partition}");
                    findings.of_views(|f| f.add(words));
                }
                self.places.insert(place.partition, place.clone());
            }
            DeskShown::Line(row) => self.line_shown(row, findings),
            DeskShown::Batch(row) => {
                let name = || format!("desk, batch {}", row.batch);
                let log = self.batches.remove(&row.batch);
                findings.of_views(|f| match log {
                    None => f.add(|| format!("{}: the log does not know it", name())),
                    Some(log) => {
                        differ(f, &name, "the shipment", &row.shipment, &log.shipment);
                        differ(f, &name, "the landing", &row.landed, &log.landed);
                    }
                });
            }
            DeskShown::Day(partition, day, figures) => {
                let log = self.days.remove(&(partition, day)).unwrap_or_default();
                let name = || format!("desk, {day}, partition {partition}");
                findings.of_views(|f| {
                    let both = figures.to_array().into_iter().zip(log.to_array());
                    for (field, (is, log)) in Figures::NAMES.into_iter().zip(both) {
                        differ(f, &name, field, &is, &log);
                    }
                });
            }
        }
    }

    fn line_shown(&mut self, row: &WorkRow, findings: &mut Findings) {
        self.rows += 1;
        let key = row.item.key();
        let name = || format!("worklist, line {}", key_name(&key));
        let log = self.lines.remove(&key);
        let log = log.and_then(|(partition, state)| {
            let carrier = state.batch().and_then(|batch| self.batches.get(batch));
            let row = state.row(&key, carrier.and_then(|row| row.shipment.clone()))?;
            Some((partition, row))
        });
        let Some((partition, log)) = log else {
            return findings.of_views(|f| f.add(|| format!("{}: it needs nobody", name())));
        };
        add(self.totals.entry(partition).or_default(), &log);
        findings.of_views(|f| {
            differ(f, &name, "what it shows", &row.item, &log.item);
            if row.pegs != log.pegs {
                f.add(|| format!("{}: its batches are not those of the log", name()));
            }
        });
    }

    /// When everything was seen: what is missing.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        let listed = self.lines.iter();
        let listed = listed.filter(|(_, (_, state))| state.kind().is_some());
        let mut missing: Vec<String> = listed
            .map(|(key, _)| format!("worklist, line {}: no row", key_name(key)))
            .collect();
        let says = |row: &&BatchRow| row.shipment.is_some() || row.landed.is_some();
        let batches = self.batches.values().filter(says);
        missing.extend(batches.map(|row| format!("desk, batch {}: no row", row.batch)));
        let days = self.days.iter();
        let days = days.filter(|(_, figures)| **figures != Figures::default());
        missing.extend(
            days.map(|((partition, day), _)| format!("desk, {day}, partition {partition}: no row")),
        );
        missing.sort_unstable();
        findings.of_views(|f| missing.into_iter().for_each(|words| f.add(|| words)));
        for (partition, place) in &self.places {
            let sums = self.totals.get(partition).copied().unwrap_or_default();
            let name = || format!("desk, partition {partition}");
            findings.of_views(|f| differ(f, &name, "the totals", &place.totals, &sums));
        }
    }
}

fn add(totals: &mut Totals, row: &WorkRow) {
    let one = Total {
        lines: 1,
        units: row.item.units,
    };
    match row.item.kind {
        WorkKind::Waiting => totals.waiting = totals.waiting.plus(one),
        WorkKind::Late => totals.late = totals.late.plus(one),
    }
}

/// A line that needed nobody until now, as the log told it, where this event may be its way into trouble.
fn known(ledger: &Ledger, key: &LineKey, record: &LogRecord) -> Option<LineState> {
    let event = &record.event;
    if line::accepted(event).is_some() {
        return None;
    }
    if !line::may_list(event) && !matches!(event, Event::Deallocated { .. }) {
        return None;
    }
    let entry = &ledger.lines[ledger.find_line(&key.order_id, &key.line_id)? as usize];
    if entry.standing != Standing::Allocated {
        return None;
    }
    let pegs = entry.pegs.to_vec().into_iter();
    let pegs = pegs.map(|(batch, units)| Peg {
        batch: ledger.batches[batch as usize].batch.reference.clone(),
        units,
    });
    Some(LineState {
        sku: ledger.products.get(entry.product as usize)?.sku.clone(),
        units: entry.outstanding(),
        priority: entry.priority,
        requested_date: entry.requested,
        original: entry.original,
        current: entry.current,
        pegs: pegs.collect(),
        standing: line::Standing::Allocated,
        listed: None,
        since: record.time,
        cause: Cause::NoStock,
        lost: None,
    })
}
