//! What the free units of a product could give one line, by the place where they lie.

use std::collections::BTreeMap;

use crate::ids::Location;
use crate::line::OrderLine;

/// Free units: what one line could have of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// The most that one batch has: no line that wants more fits, unless it may be split.
    pub largest: u64,
    /// What all batches have together: no line that wants more fits.
    pub total: u64,
}

impl Units {
    fn add(&mut self, units: u64) {
        self.largest = self.largest.max(units);
        self.total = self.total.saturating_add(units);
    }

    fn covers(self, other: Self) -> bool {
        self.largest >= other.largest && self.total >= other.total
    }

    /// Whether a line could have so many of them.
    pub fn fit(self, wanted: u64, split: bool) -> bool {
        wanted <= self.largest || split && wanted <= self.total
    }
}

/// The free units of a product, everywhere and at each location. A line fits where a batch could serve it or, if it may
/// be split, several could.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    anywhere: Units,
    at: BTreeMap<Location, Units>,
}

impl Room {
    /// Adds what a batch has available, at its location.
    pub fn add(&mut self, location: Option<&Location>, units: u64) {
        if units == 0 {
            return;
        }
        self.anywhere.add(units);
        let Some(location) = location else { return };
        if let Some(known) = self.at.get_mut(location) {
            known.add(units);
        } else {
            let all = Units {
                largest: units,
                total: units,
            };
            self.at.insert(location.clone(), all);
        }
    }

    /// What there is for lines that name no location.
    pub fn anywhere(&self) -> Units {
        self.anywhere
    }

    /// The locations where there is anything.
    pub fn locations(&self) -> impl Iterator<Item = (&Location, Units)> {
        self.at.iter().map(|(location, units)| (location, *units))
    }

    /// What there is for a line that names these locations; none: any.
    pub fn of(&self, locations: &[Location]) -> Units {
        if locations.is_empty() {
            return self.anywhere;
        }
        let mut units = Units::default();
        for (at, location) in locations.iter().enumerate() {
            // A location may be named twice.
            if let Some(here) = self.at.get(location)
                && !locations[..at].contains(location)
            {
                units.largest = units.largest.max(here.largest);
                units.total = units.total.saturating_add(here.total);
            }
        }
        units
    }

    /// Whether a line could have all that it wants.
    pub fn fits(&self, line: &OrderLine) -> bool {
        let units = self.of(&line.terms.locations);
        units.fit(line.outstanding(), line.terms.split)
    }

    /// Whether nobody could have anything.
    pub fn is_empty(&self) -> bool {
        self.anywhere.total == 0
    }

    /// Whether every line that fits the other fits this.
    pub fn covers(&self, other: &Self) -> bool {
        let here = |location| self.at.get(location).copied().unwrap_or_default();
        self.anywhere.covers(other.anywhere)
            && other
                .locations()
                .all(|(location, units)| here(location).covers(units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LineKey, OrderId, Sku};
    use crate::line::Terms;

    fn at(name: &str) -> Location {
        Location::new(name).unwrap()
    }

    fn line(quantity: u64, locations: &[&str], split: bool) -> OrderLine {
        let sku = Sku::new("SOFA").unwrap();
        let key = LineKey {
            order_id: OrderId::new("o").unwrap(),
            line_id: sku.clone().into(),
        };
        let terms = Terms {
            split,
            locations: locations.iter().map(|name| at(name)).collect(),
            ..Terms::plain(quantity)
        };
        OrderLine::new(1, key, sku, terms)
    }

    fn room() -> Room {
        let mut room = Room::default();
        room.add(Some(&at("York")), 4);
        room.add(Some(&at("York")), 3);
        room.add(Some(&at("Leeds")), 6);
        room.add(None, 9);
        room.add(Some(&at("Hull")), 0);
        room
    }

    #[test]
    fn a_line_fits_where_it_may_be_served() {
        let fits =
            |quantity, locations: &[&str], split| room().fits(&line(quantity, locations, split));
        assert!(fits(9, &[], false) && !fits(10, &[], false));
        assert!(fits(22, &[], true) && !fits(23, &[], true));
        assert!(fits(4, &["York"], false) && !fits(5, &["York"], false));
        assert!(fits(7, &["York"], true) && !fits(8, &["York"], true));
        assert!(fits(6, &["York", "Leeds"], false) && !fits(7, &["York", "Leeds"], false));
        assert!(fits(13, &["Leeds", "York"], true) && !fits(14, &["York", "Leeds", "York"], true));
        assert!(!fits(1, &["Hull"], true) && !fits(1, &["Ulm"], false));
    }

    #[test]
    fn what_fits_a_room_fits_those_that_cover_it() {
        let all = room();
        assert!(all.covers(&all) && all.covers(&Room::default()));
        assert!(Room::default().is_empty() && !all.is_empty());
        let mut less = Room::default();
        less.add(Some(&at("York")), 4);
        assert!(all.covers(&less) && !less.covers(&all));
        let mut elsewhere = Room::default();
        elsewhere.add(Some(&at("Hull")), 1);
        assert!(!all.covers(&elsewhere), "it has nothing in Hull");
        let mut larger = Room::default();
        larger.add(Some(&at("York")), 5);
        assert!(!all.covers(&larger), "the most that one batch has counts");
    }
}
