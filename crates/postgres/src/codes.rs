//! How small things are written: numbers for enums, dates as PostgreSQL has them, microseconds for instants. The
//! migrations say the same to people.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use landfall_domain::{Deliver, IfShort, Policy, Status, Supply};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::error::Fault;

/// How many microseconds a lease has. A thousand years are long enough, and no sum of it overflows.
pub(crate) fn micros(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).map_or(i64::MAX / 300, |micros| micros.min(i64::MAX / 300))
}

/// PostgreSQL counts days and microseconds from here.
const EPOCH: Date = date(2000, 1, 1);
/// Seconds from 1970-01-01 to it.
const EPOCH_SECONDS: i64 = 946_684_800;

/// A date on the way to PostgreSQL and back: days since 2000-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(i32);

impl Day {
    /// Before all dates: the day of what is in the warehouse.
    pub(crate) const NOW: Self = Self(i32::MIN);
    /// After all dates.
    pub(crate) const NEVER: Self = Self(i32::MAX);

    pub(crate) fn of(date: Date) -> Self {
        let days = date.duration_since(EPOCH).as_hours() / 24;
        // All dates that there are lie within five million days.
        Self(i32::try_from(days).unwrap_or(i32::MAX))
    }

    pub(crate) fn date(self) -> Result<Date, Fault> {
        // A duration reaches every date only from the day that it is counted from elsewhere.
        let days = i64::from(self.0) + EPOCH_SECONDS / 86_400;
        date(1970, 1, 1)
            .checked_add(SignedDuration::from_hours(days * 24))
            .map_err(|_| Fault::Corrupt(format!("2000-01-01 and {} days is no date", self.0)))
    }

    /// The day of a supply; `None`: what never comes has none.
    pub(crate) fn of_supply(supply: Supply) -> Option<Self> {
        match supply {
            Supply::Now => Some(Self::NOW),
            Supply::From(date) => Some(Self::of(date)),
            Supply::Never => None,
        }
    }

    /// The way back from [`Day::of_supply`].
    pub(crate) fn supply(self) -> Result<Supply, Fault> {
        if self == Self::NOW {
            Ok(Supply::Now)
        } else {
            self.date().map(Supply::From)
        }
    }
}

impl ToSql for Day {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i32(self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::DATE
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Day {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        // The same four bytes.
        i32::from_sql(ty, raw).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::DATE
    }
}

/// An instant on the way to PostgreSQL and back: microseconds since 2000-01-01 00:00 UTC. What is finer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(i64);

impl Micros {
    /// Before all instants.
    pub(crate) const BEGINNING: Self = Self(i64::MIN);

    pub(crate) fn of(time: Timestamp) -> Self {
        Self(time.as_microsecond() - EPOCH_SECONDS * 1_000_000)
    }

    /// So much later, or earlier where that is negative.
    pub(crate) fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    pub(crate) fn time(self) -> Result<Timestamp, Fault> {
        self.0
            .checked_add(EPOCH_SECONDS * 1_000_000)
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .ok_or_else(|| Fault::Corrupt(format!("{} is no instant", self.0)))
    }
}

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Micros {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        i64::from_sql(ty, raw).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

/// The id of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) [u8; 16]);

/// As PostgreSQL shows it, without the hyphens.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}

/// As PostgreSQL has it. No count, number or quantity comes near the bound; the way back refuses what is beyond it.
pub(crate) fn int(count: u64) -> i64 {
    count.cast_signed()
}

/// The way back from [`int`].
pub(crate) fn count_of(int: i64) -> Result<u64, Fault> {
    u64::try_from(int).map_err(|_| Fault::Corrupt(format!("{int} is no count")))
}

/// A partition: there are fewer than a `smallint` can count.
pub(crate) fn small(partition: u16) -> i16 {
    partition.cast_signed()
}

/// The way back from [`small`].
pub(crate) fn partition(small: i16) -> u16 {
    small.cast_unsigned()
}

/// A note of a hold. It is the only text that may hold a NUL, which PostgreSQL cannot: that becomes `\0`, and a
/// backslash `\\`.
pub(crate) fn note(note: &str) -> Cow<'_, str> {
    if note.contains(['\0', '\\']) {
        Cow::Owned(note.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(note)
    }
}

/// The way back from [`note`].
pub(crate) fn note_of(text: &str) -> String {
    let mut note = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('0') => note.push('\0'),
                Some(other) => note.push(other),
                None => {}
            },
            other => note.push(other),
        }
    }
    note
}

pub(crate) fn status(status: Status) -> i16 {
    match status {
        Status::Allocated => 0,
        Status::Backordered => 1,
        Status::Dispatched => 2,
        Status::Cancelled => 3,
    }
}

pub(crate) fn status_of(code: i16) -> Result<Status, Fault> {
    match code {
        0 => Ok(Status::Allocated),
        1 => Ok(Status::Backordered),
        2 => Ok(Status::Dispatched),
        3 => Ok(Status::Cancelled),
        _ => Err(Fault::Corrupt(format!("{code} is no status"))),
    }
}

pub(crate) fn policy(policy: Policy) -> i16 {
    match policy {
        Policy::Earliest => 0,
        Policy::JustInTime => 1,
    }
}

pub(crate) fn policy_of(code: i16) -> Result<Policy, Fault> {
    match code {
        0 => Ok(Policy::Earliest),
        1 => Ok(Policy::JustInTime),
        _ => Err(Fault::Corrupt(format!("{code} is no policy"))),
    }
}

pub(crate) fn if_short(if_short: IfShort) -> i16 {
    match if_short {
        IfShort::Backorder => 0,
        IfShort::Reject => 1,
    }
}

pub(crate) fn if_short_of(code: i16) -> Result<IfShort, Fault> {
    match code {
        0 => Ok(IfShort::Backorder),
        1 => Ok(IfShort::Reject),
        _ => Err(Fault::Corrupt(format!("{code} is no if_short"))),
    }
}

pub(crate) fn deliver(deliver: Deliver) -> i16 {
    match deliver {
        Deliver::AsReady => 0,
        Deliver::Together => 1,
    }
}

pub(crate) fn deliver_of(code: i16) -> Result<Deliver, Fault> {
    match code {
        0 => Ok(Deliver::AsReady),
        1 => Ok(Deliver::Together),
        _ => Err(Fault::Corrupt(format!("{code} is no way to deliver"))),
    }
}

/// A priority turned round, so that what comes first is small.
pub(crate) fn rank(priority: u8) -> i32 {
    9 - i32::from(priority)
}

/// The rank of a line among those pegged to a batch. Of these the largest loses first, and a line of which a part
/// has left loses last.
pub(crate) fn shortage(priority: u8, locked: bool) -> i32 {
    rank(priority) - if locked { 10 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        assert_eq!(Day::of(date(2000, 1, 1)), Day(0));
        assert_eq!(Day::of(date(2026, 11, 21)), Day(9_821));
        for days in (Day::of(Date::MIN).0..=Day::of(Date::MAX).0).step_by(97) {
            assert_eq!(Day::of(Day(days).date().unwrap()), Day(days));
        }
        assert_eq!(Day::of(Date::MAX).date().unwrap(), Date::MAX);
        assert!(Day::NEVER.date().is_err());
        for supply in [Supply::Now, Supply::From(date(2026, 11, 21))] {
            let day = Day::of_supply(supply).unwrap();
            assert_eq!(day.supply().unwrap(), supply);
        }
        assert_eq!(Day::of_supply(Supply::Never), None);
    }

    #[test]
    fn instants_keep_their_microseconds() {
        let time: Timestamp = "2026-11-21T10:20:30.123456789Z".parse().unwrap();
        let back = Micros::of(time).time().unwrap();
        assert_eq!(back.to_string(), "2026-11-21T10:20:30.123456Z");
        let before: Timestamp = "1969-12-31T23:59:59.999999Z".parse().unwrap();
        assert_eq!(Micros::of(before).time().unwrap(), before);
    }

    #[test]
    fn notes_come_back_as_they_were() {
        for text in ["", "plain", "a\0b", r"\", r"\0", "\\\0\\\\", "é\n"] {
            assert!(!note(text).contains('\0'));
            assert_eq!(note_of(&note(text)), text);
        }
    }

    #[test]
    fn a_negative_number_is_no_count() {
        assert_eq!(count_of(int(7)).unwrap(), 7);
        assert!(count_of(-1).is_err());
        assert!(count_of(int(u64::MAX)).is_err());
    }
}
