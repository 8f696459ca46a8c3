//! From keys to the arrays that the statements take, and to the partitions that must be locked.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashSet;
use landfall_domain::Room;
use landfall_domain::room::Units;
use landfall_domain::shortage::{LateKey, QueueKey, ShortageKey};
use landfall_service::keys::{AllocatedRange, Keys, LateRange, WaitingRange};
use landfall_service::store::partition_of;

use super::{Ask, sql};
use crate::codes::{self, Day, int, small};
use crate::trip::{Param, Trip, param};

/// Names, each once, and the partition of each.
#[derive(Debug, Default, Clone)]
struct Names<'k> {
    partitions: Vec<i16>,
    names: Vec<&'k str>,
}

impl<'k> Names<'k> {
    fn of<T: 'k>(
        keys: impl IntoIterator<Item = &'k T>,
        partitions: u16,
        text: impl Fn(&T) -> &str,
    ) -> Self {
        let mut seen = HashSet::new();
        let mut names = Self::default();
        for key in keys {
            let name = text(key);
            if seen.insert(name) {
                names.partitions.push(small(partition_of(name, partitions)));
                names.names.push(name);
            }
        }
        names
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn params(&self) -> Vec<Param<'k>> {
        vec![param(self.partitions.clone()), param(self.names.clone())]
    }
}

/// What keys want.
#[derive(Debug)]
pub(crate) struct Wanted<'k> {
    keys: &'k Keys,
    partitions: u16,
    products: Names<'k>,
    live: Names<'k>,
    batches: Names<'k>,
    /// By order id; the line ids beside it.
    lines: Names<'k>,
    line_ids: Vec<&'k str>,
    orders: Names<'k>,
    shipments: Names<'k>,
    cargo: Names<'k>,
    answers: Names<'k>,
}

impl<'k> Wanted<'k> {
    pub(crate) fn of(keys: &'k Keys, partitions: u16) -> Self {
        let skus = keys.products.iter().chain(&keys.live);
        let mut seen = HashSet::with_capacity(keys.lines.len());
        let (mut lines, mut line_ids) = (Names::default(), Vec::new());
        for key in &keys.lines {
            let (order, line) = (key.order_id.as_str(), key.line_id.as_str());
            if seen.insert((order, line)) {
                lines
                    .partitions
                    .push(small(partition_of(order, partitions)));
                lines.names.push(order);
                line_ids.push(line);
            }
        }
        Self {
            keys,
            partitions,
            products: Names::of(skus, partitions, |sku| sku.as_str()),
            live: Names::of(&keys.live, partitions, |sku| sku.as_str()),
            batches: Names::of(&keys.batches, partitions, |name| name.as_str()),
            lines,
            line_ids,
            orders: Names::of(&keys.orders, partitions, |id| id.as_str()),
            shipments: Names::of(
                keys.shipments.iter().chain(&keys.cargo),
                partitions,
                |name| name.as_str(),
            ),
            cargo: Names::of(&keys.cargo, partitions, |name| name.as_str()),
            answers: Names::of(&keys.command_ids, partitions, |id| id.as_str()),
        }
    }

    /// The partitions that must be locked, as far as the keys tell: those of batches and lines are known only when they
    /// are found.
    pub(crate) fn heads(&self) -> BTreeSet<u16> {
        let named = [&self.products, &self.orders, &self.shipments];
        let named = named.into_iter().flat_map(|names| &names.partitions);
        let keys = self.keys;
        let ranged = keys.allocated.iter().map(|range| &range.sku);
        let ranged = ranged
            .chain(keys.waiting.iter().map(|range| &range.sku))
            .chain(keys.late.iter().map(|range| &range.sku));
        let ranged = ranged.map(|sku| partition_of(sku.as_str(), self.partitions));
        let mut heads: BTreeSet<u16> = named.map(|small| codes::partition(*small)).collect();
        heads.extend(keys.heads.iter().filter(|head| **head < self.partitions));
        heads.extend(ranged);
        if self.partitions == 1 {
            heads.insert(0);
        }
        heads
    }

    /// Asks for everything by name.
    pub(crate) fn ask<'a>(&self, trip: &mut Trip<'a, Ask>)
    where
        'k: 'a,
    {
        if !self.lines.is_empty() {
            let mut params: Vec<Param<'a>> = self.lines.params();
            params.push(param(self.line_ids.clone()));
            trip.ask(Ask::Lines, *sql::LINES, params);
        }
        let by_name: [(Ask, &'static str, &Names<'k>); 9] = [
            (Ask::Products, *sql::PRODUCTS, &self.products),
            (Ask::OpenBatches, *sql::OPEN_BATCHES, &self.products),
            (Ask::Batches, *sql::HELD_BATCHES, &self.live),
            (Ask::OrderLines, *sql::LINES_OF_ORDERS, &self.orders),
            (Ask::Placed, sql::PLACED, &self.orders),
            (Ask::Batches, *sql::NAMED_BATCHES, &self.batches),
            (Ask::Shipments, *sql::SHIPMENTS, &self.shipments),
            (Ask::Cargo, *sql::CARGO, &self.cargo),
            (Ask::Answers, sql::ANSWERS, &self.answers),
        ];
        for (ask, sql, names) in by_name {
            if !names.is_empty() {
                trip.ask(ask, sql, names.params());
            }
        }
        self.ask_ranges(trip);
    }

    fn ask_ranges(&self, trip: &mut Trip<'_, Ask>) {
        for (ask, sql, later) in [
            (Ask::Pegged, *sql::PEGGED, false),
            (Ask::PeggedLater, *sql::PEGGED_LATER, true),
        ] {
            let mut columns = Ranges::default();
            for range in self.pegged(later) {
                columns.pegged(range, self.partitions);
            }
            if !columns.partitions.is_empty() {
                trip.ask(ask, sql, columns.params());
            }
        }
        if !self.keys.waiting.is_empty() {
            let mut columns = Ranges::default();
            for range in &self.keys.waiting {
                columns.waiting(range, self.partitions);
            }
            trip.ask(Ask::Waiting, *sql::WAITING, columns.params());
        }
        if !self.keys.late.is_empty() {
            let mut columns = Ranges::default();
            for range in &self.keys.late {
                columns.late(range, self.partitions);
            }
            trip.ask(Ask::Late, *sql::LATE, columns.params());
        }
    }

    /// The ranges of pegged lines, those with or those without a day after which promises must be.
    pub(crate) fn pegged(&self, later: bool) -> impl Iterator<Item = &'k AllocatedRange> {
        let ranges = self.keys.allocated.iter();
        ranges.filter(move |range| range.later_than.is_some() == later)
    }
}

/// The columns of ranges: where each begins, and how many lines of it are wanted.
#[derive(Debug, Default)]
struct Ranges {
    partitions: Vec<i16>,
    things: Vec<i64>,
    ranks: Vec<i32>,
    days: Vec<Day>,
    numbers: Vec<i64>,
    most: Vec<i64>,
    later_than: Vec<Day>,
    at_most: Vec<i64>,
    rooms: Vec<String>,
}

impl Ranges {
    fn push(&mut self, partition: u16, thing: u64, begin: (i32, Day, i64), limit: usize) {
        self.partitions.push(small(partition));
        self.things.push(int(thing));
        self.ranks.push(begin.0);
        self.days.push(begin.1);
        self.numbers.push(begin.2);
        // One more than asked for, to know whether there are more.
        self.most
            .push(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX));
    }

    fn pegged(&mut self, range: &AllocatedRange, partitions: u16) {
        let begin = range.after.map_or(
            (i32::from(i16::MAX), Day::NEVER, i64::MAX),
            |key: ShortageKey| {
                (
                    codes::shortage(key.priority, key.locked),
                    Day::of(key.promise.0),
                    int(key.number.0),
                )
            },
        );
        let partition = partition_of(range.sku.as_str(), partitions);
        self.push(partition, range.batch_number, begin, range.limit);
        self.later_than.extend(range.later_than.map(Day::of));
    }

    fn waiting(&mut self, range: &WaitingRange, partitions: u16) {
        let begin = range
            .after
            .map_or((i32::MIN, Day::NOW, 0), |key: QueueKey| {
                (
                    codes::rank(key.priority.0),
                    Day::of(key.requested),
                    int(key.number),
                )
            });
        let partition = partition_of(range.sku.as_str(), partitions);
        self.push(partition, range.product_number, begin, range.limit);
        self.rooms.push(room_json(&range.room));
    }

    fn late(&mut self, range: &LateRange, partitions: u16) {
        let begin = range.after.map_or((i32::MIN, Day::NOW, 0), |key: LateKey| {
            (
                codes::rank(key.priority.0),
                Day::of(key.original),
                int(key.number),
            )
        });
        let partition = partition_of(range.sku.as_str(), partitions);
        self.push(partition, range.product_number, begin, range.limit);
        let served = range.served;
        self.later_than
            .push(served.map_or(Day::NOW, |served| Day::of(served.later_than)));
        self.at_most
            .push(served.map_or(i64::MAX, |served| most(served.at_most)));
    }

    /// In the order in which the statements have them; the last ones only where they have them.
    fn params<'a>(self) -> Vec<Param<'a>> {
        let mut params = vec![
            param(self.partitions),
            param(self.things),
            param(self.ranks),
            param(self.days),
            param(self.numbers),
            param(self.most),
        ];
        if !self.later_than.is_empty() {
            params.push(param(self.later_than));
        }
        if !self.at_most.is_empty() {
            params.push(param(self.at_most));
        }
        if !self.rooms.is_empty() {
            params.push(param(self.rooms));
        }
        params
    }
}

/// So many units, or the most that a column holds.
fn most(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// Free units by location, with those of all goods under the empty name, which no location has: the most of one
/// batch, and the sum.
fn room_json(room: &Room) -> String {
    let entry = |units: Units| [most(units.largest), most(units.total)];
    let places = room.locations();
    let mut by_name: BTreeMap<&str, [i64; 2]> = places
        .map(|(location, units)| (location.as_str(), entry(units)))
        .collect();
    by_name.insert("", entry(room.anywhere()));
    // Names have a JSON form, always.
    serde_json::to_string(&by_name).unwrap_or_default()
}
