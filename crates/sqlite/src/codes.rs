//! How small things are written: numbers for enums, days for dates, microseconds for instants. The
//! migrations say the same to people.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use landfall_domain::{Deliver, IfShort, Policy, Status, Supply};

use crate::error::Fault;

const EPOCH: Date = date(1970, 1, 1);

/// Days since 1970-01-01.
pub(crate) fn day(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

/// The date so many days after 1970-01-01.
pub(crate) fn date_of(day: i64) -> Result<Date, Fault> {
    day.checked_mul(24)
        .and_then(|hours| EPOCH.checked_add(SignedDuration::from_hours(hours)).ok())
        .ok_or_else(|| Fault::Corrupt(format!("{day} is no day")))
}

/// Microseconds since 1970-01-01 00:00 UTC. What is finer is lost.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The instant so many microseconds after 1970-01-01 00:00 UTC.
pub(crate) fn time_of(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| Fault::Corrupt(format!("{micros} is no instant")))
}

/// As SQLite has it. No count, number or quantity comes near the bound; the way back refuses what is
/// beyond it.
pub(crate) fn int(count: u64) -> i64 {
    count.cast_signed()
}

/// The way back from [`int`].
pub(crate) fn count_of(int: i64) -> Result<u64, Fault> {
    u64::try_from(int).map_err(|_| Fault::Corrupt(format!("{int} is no count")))
}

pub(crate) fn status(status: Status) -> i64 {
    match status {
        Status::Allocated => 0,
        Status::Backordered => 1,
        Status::Dispatched => 2,
        Status::Cancelled => 3,
    }
}

pub(crate) fn policy(policy: Policy) -> i64 {
    match policy {
        Policy::Earliest => 0,
        Policy::JustInTime => 1,
    }
}

pub(crate) fn policy_of(code: i64) -> Result<Policy, Fault> {
    match code {
        0 => Ok(Policy::Earliest),
        1 => Ok(Policy::JustInTime),
        _ => Err(Fault::Corrupt(format!("{code} is no policy"))),
    }
}

pub(crate) fn if_short(if_short: IfShort) -> i64 {
    match if_short {
        IfShort::Backorder => 0,
        IfShort::Reject => 1,
    }
}

pub(crate) fn if_short_of(code: i64) -> Result<IfShort, Fault> {
    match code {
        0 => Ok(IfShort::Backorder),
        1 => Ok(IfShort::Reject),
        _ => Err(Fault::Corrupt(format!("{code} is no if_short"))),
    }
}

pub(crate) fn deliver(deliver: Deliver) -> i64 {
    match deliver {
        Deliver::AsReady => 0,
        Deliver::Together => 1,
    }
}

pub(crate) fn deliver_of(code: i64) -> Result<Deliver, Fault> {
    match code {
        0 => Ok(Deliver::AsReady),
        1 => Ok(Deliver::Together),
        _ => Err(Fault::Corrupt(format!("{code} is no way to deliver"))),
    }
}

pub(crate) fn flag_of(code: i64) -> Result<bool, Fault> {
    match code {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Fault::Corrupt(format!("{code} is neither yes nor no"))),
    }
}

pub(crate) fn status_of(code: i64) -> Result<Status, Fault> {
    match code {
        0 => Ok(Status::Allocated),
        1 => Ok(Status::Backordered),
        2 => Ok(Status::Dispatched),
        3 => Ok(Status::Cancelled),
        _ => Err(Fault::Corrupt(format!("{code} is no status"))),
    }
}

/// A priority turned round, so that what comes first is small.
pub(crate) fn rank(priority: u8) -> i64 {
    9 - i64::from(priority)
}

/// The rank of a line among those pegged to a batch. Of these the largest loses first, and a line of which a part
/// has left loses last.
pub(crate) fn shortage_rank(priority: u8, locked: bool) -> i64 {
    rank(priority) - if locked { 10 } else { 0 }
}

/// Bits of a place that hold the day: there are fewer days than that.
const DAY_BITS: u32 = 23;
/// What makes the first day of all 1. The migrations name it.
const FIRST_DAY: i64 = 4_371_588;

/// Where a product's units of a day stand in the table `availability`; `None`: what never comes has no place there.
pub(crate) fn place(product: u64, supply: Supply) -> Option<i64> {
    let day = match supply {
        Supply::Now => 0,
        Supply::From(date) => day(date) + FIRST_DAY,
        Supply::Never => return None,
    };
    Some(first_place(product) + day)
}

/// The first place of a product; its last one is before that of the next product.
pub(crate) fn first_place(product: u64) -> i64 {
    int(product) << DAY_BITS
}

/// The way back from [`place`].
pub(crate) fn supply_of(place: i64) -> Result<(u64, Supply), Fault> {
    let day = place & ((1 << DAY_BITS) - 1);
    let supply = match day {
        0 => Supply::Now,
        _ => Supply::From(date_of(day - FIRST_DAY)?),
    };
    Ok((count_of(place >> DAY_BITS)?, supply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        assert_eq!(day(date(1970, 1, 1)), 0);
        assert_eq!(day(date(2026, 11, 21)), 20_778);
        // The migrations name this number: a line without a requested date is wanted last.
        assert_eq!(day(Date::MAX), 2_932_896);
        for days in (day(Date::MIN)..=day(Date::MAX)).step_by(97) {
            assert_eq!(day(date_of(days).unwrap()), days);
        }
        assert_eq!(date_of(day(Date::MAX)).unwrap(), Date::MAX);
        assert_eq!(date_of(day(Date::MIN)).unwrap(), Date::MIN);
        assert!(date_of(day(Date::MAX) + 1).is_err());
        assert!(date_of(i64::MAX).is_err());
    }

    #[test]
    fn every_day_of_every_product_has_a_place_of_its_own() {
        let (min, max) = (Supply::From(Date::MIN), Supply::From(Date::MAX));
        let places = [Supply::Now, min, max].map(|supply| place(7, supply).unwrap());
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert_eq!(places[0] + 1, places[1], "the first day of all is 1");
        assert!(places[2] < first_place(8));
        for (supply, place) in [Supply::Now, min, max].into_iter().zip(places) {
            assert_eq!(supply_of(place).unwrap(), (7, supply));
        }
        assert_eq!(place(7, Supply::Never), None);
        assert!(supply_of(first_place(8) - 1).is_err(), "no such day");
    }

    #[test]
    fn a_negative_number_is_no_count() {
        assert_eq!(count_of(int(7)).unwrap(), 7);
        assert!(count_of(-1).is_err());
        assert!(count_of(int(u64::MAX)).is_err());
    }
}
