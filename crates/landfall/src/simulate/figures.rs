//! What is measured while the world trades. All of it is counted in whole numbers, so that it is the same
//! on every machine; only the last division makes a fraction.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Lines that were accepted.
    pub(crate) lines: u64,
    /// Lines of which what was left was cancelled.
    pub(crate) cancelled: u64,
    /// Lines that were amended.
    pub(crate) amended: u64,
    lines_left: u64,
    units_left: u64,
    promised: Kept,
    by_month: BTreeMap<(i16, i8), Kept>,
    requested: Kept,
    late: Histogram,
    dwell: Histogram,
    in_warehouse: Histogram,
    waited: Histogram,
    waiting: u64,
    landed: u64,
    sold_at_landing: u64,
    later: u64,
    earlier: u64,
    withdrawn: u64,
    again: u64,
    days: u64,
    on_hand_days: u128,
    short: u64,
    over: u64,
}

/// A line that has all left.
#[derive(Debug)]
pub(crate) struct Left {
    /// Its first promise.
    pub(crate) original: Option<Date>,
    /// The day for which the customer asked.
    pub(crate) requested: Option<Date>,
    /// The day on which the last of it left.
    pub(crate) on: Date,
}

/// A share: so many kept, of all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kept {
    pub(crate) kept: u64,
    pub(crate) all: u64,
}

impl Kept {
    fn add(&mut self, kept: bool) {
        self.kept += u64::from(kept);
        self.all += 1;
    }

    /// 0 to 1, to four places.
    fn share(self) -> Option<f64> {
        quotient(self.kept.into(), self.all.into(), 10_000)
    }
}

/// How often each number of days was seen.
#[derive(Debug, Default)]
struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    fn add(&mut self, days: u64, often: u64) {
        *self.0.entry(days).or_default() += often;
    }

    fn count(&self) -> u64 {
        self.0.values().sum()
    }

    fn mean(&self) -> Option<f64> {
        let sum = self
            .0
            .iter()
            .map(|(days, often)| u128::from(*days) * u128::from(*often));
        quotient(sum.sum(), self.count().into(), 100)
    }

    /// The nearest rank.
    fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.0.iter().find(|(_, often)| {
            seen += **often;
            seen >= rank
        });
        found.map(|(days, _)| *days)
    }

    fn days(&self) -> DaysSummary {
        DaysSummary {
            count: self.count(),
            mean: self.mean(),
            p95: self.percentile(95),
            max: self.0.keys().next_back().copied(),
        }
    }
}

/// A number of days, over many things.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DaysSummary {
    /// Over how many.
    pub(crate) count: u64,
    /// To two places; null: there are none.
    pub(crate) mean: Option<f64>,
    /// The least number of days that 95 of 100 do not exceed.
    pub(crate) p95: Option<u64>,
    /// The most.
    pub(crate) max: Option<u64>,
}

/// What was measured. `docs/simulation.md` defines each figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) lines: u64,
    pub(crate) lines_dispatched: u64,
    pub(crate) lines_cancelled: u64,
    pub(crate) lines_amended: u64,
    pub(crate) lines_waiting: u64,
    pub(crate) units_dispatched: u64,
    pub(crate) units_short: u64,
    pub(crate) units_over: u64,
    pub(crate) promises_kept: Option<f64>,
    pub(crate) requests_met: Option<f64>,
    pub(crate) late_lines: u64,
    pub(crate) late_days: DaysSummary,
    pub(crate) late_days_all_p95: Option<u64>,
    pub(crate) dwell_days: DaysSummary,
    pub(crate) warehouse_days: DaysSummary,
    pub(crate) backorder_days: DaysSummary,
    pub(crate) stock_turns: Option<f64>,
    pub(crate) mean_units_on_hand: Option<f64>,
    pub(crate) sold_at_landing: Option<f64>,
    pub(crate) promises_later: u64,
    pub(crate) promises_earlier: u64,
    pub(crate) promises_withdrawn: u64,
    pub(crate) promises_again: u64,
    pub(crate) by_month: Vec<Month>,
}

/// The promises that fell due in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Month {
    /// `2024-05`.
    #[serde(rename = "month")]
    pub(crate) name: String,
    /// How many.
    pub(crate) due: u64,
    /// How many of them were kept.
    pub(crate) kept: u64,
}

impl Figures {
    /// The last of a line has left.
    pub(crate) fn left(&mut self, left: &Left) {
        self.lines_left += 1;
        if let Some(wanted) = left.requested {
            self.requested.add(left.on <= wanted);
        }
        if let Some(due) = due(left.original, left.requested) {
            self.due(due, left.on);
        }
    }

    /// A line of which something is wanted when the world ends.
    pub(crate) fn still_open(
        &mut self,
        original: Option<Date>,
        requested: Option<Date>,
        waits: Option<Date>,
        today: Date,
    ) {
        if let Some(since) = waits {
            self.waiting += 1;
            self.waited(since, today);
        }
        if requested.is_some_and(|wanted| wanted < today) {
            self.requested.add(false);
        }
        if let Some(due) = due(original, requested).filter(|due| *due < today) {
            self.due(due, today);
        }
    }

    fn due(&mut self, due: Date, on: Date) {
        let late = days(due, on);
        self.promised.add(late == 0);
        let month = self.by_month.entry((due.year(), due.month())).or_default();
        month.add(late == 0);
        self.late.add(late, 1);
    }

    /// Units have left a batch.
    pub(crate) fn departed(
        &mut self,
        units: u64,
        landed: Option<Date>,
        requested: Option<Date>,
        today: Date,
    ) {
        self.units_left += units;
        if let Some(landed) = landed {
            self.in_warehouse.add(days(landed, today), units);
            if let Some(wanted) = requested {
                self.dwell.add(days(landed, wanted), units);
            }
        }
    }

    /// A line waits no more, or the world ends.
    pub(crate) fn waited(&mut self, since: Date, until: Date) {
        // What is served on the day itself has not waited.
        if since < until {
            self.waited.add(days(since, until), 1);
        }
    }

    /// Goods were counted.
    pub(crate) fn received(&mut self, short: u64, over: u64) {
        self.short += short;
        self.over += over;
    }

    /// How much of a batch that landed had a buyer by then.
    pub(crate) fn sold_at_landing(&mut self, sold: u64, of: u64) {
        self.sold_at_landing += sold;
        self.landed += of;
    }

    /// A customer was told another promise, or that there is none any more.
    pub(crate) fn promise_changed(&mut self, from: Option<Date>, to: Option<Date>) {
        match (from, to) {
            (Some(from), Some(to)) if to > from => self.later += 1,
            (Some(_), Some(_)) => self.earlier += 1,
            (_, None) => self.withdrawn += 1,
            (None, Some(_)) => self.again += 1,
        }
    }

    /// A day is over.
    pub(crate) fn day(&mut self, on_hand: u64) {
        self.days += 1;
        self.on_hand_days += u128::from(on_hand);
    }

    /// The figures.
    pub(crate) fn summary(&self) -> Summary {
        let late = Histogram(self.late.0.range(1..).map(|(d, n)| (*d, *n)).collect());
        // A year has 365 days: units a year by units on hand.
        let turns = u128::from(self.units_left) * 365;
        Summary {
            lines: self.lines,
            lines_dispatched: self.lines_left,
            lines_cancelled: self.cancelled,
            lines_amended: self.amended,
            lines_waiting: self.waiting,
            units_dispatched: self.units_left,
            units_short: self.short,
            units_over: self.over,
            promises_kept: self.promised.share(),
            requests_met: self.requested.share(),
            late_lines: late.count(),
            late_days: late.days(),
            late_days_all_p95: self.late.percentile(95),
            dwell_days: self.dwell.days(),
            warehouse_days: self.in_warehouse.days(),
            backorder_days: self.waited.days(),
            stock_turns: quotient(turns, self.on_hand_days, 100),
            mean_units_on_hand: quotient(self.on_hand_days, self.days.into(), 10),
            sold_at_landing: quotient(self.sold_at_landing.into(), self.landed.into(), 10_000),
            promises_later: self.later,
            promises_earlier: self.earlier,
            promises_withdrawn: self.withdrawn,
            promises_again: self.again,
            by_month: self
                .by_month
                .iter()
                .map(|((year, month), kept)| Month {
                    name: format!("{year:04}-{month:02}"),
                    due: kept.all,
                    kept: kept.kept,
                })
                .collect(),
        }
    }
}

/// The day by which a line has to leave: as first promised, or when the customer asked for it if that is later.
fn due(original: Option<Date>, requested: Option<Date>) -> Option<Date> {
    original.map(|promise| requested.map_or(promise, |wanted| wanted.max(promise)))
}

/// Days from one to the other; 0 where the other is not later.
fn days(from: Date, to: Date) -> u64 {
    u64::try_from((to - from).get_days()).unwrap_or(0)
}

/// a / b, rounded half up to one part of `places` (100: two places).
fn quotient(a: u128, b: u128, places: u32) -> Option<f64> {
    let scaled = a.saturating_mul(places.into()).saturating_add(b / 2);
    let parts = u64::try_from(scaled.checked_div(b)?).unwrap_or(u64::MAX);
    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond 2^53 nobody counts places"
    )]
    let parts = parts as f64;
    Some(parts / f64::from(places))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn left(figures: &mut Figures, original: Date, requested: Option<Date>, on: Date) {
        figures.left(&Left {
            original: Some(original),
            requested,
            on,
        });
    }

    #[test]
    fn a_promise_is_kept_by_the_later_of_promise_and_request() {
        let mut figures = Figures::default();
        let (a, b, c) = (date(2024, 1, 10), date(2024, 1, 20), date(2024, 2, 1));
        left(&mut figures, a, None, a);
        left(&mut figures, a, Some(b), b);
        left(&mut figures, b, Some(a), b);
        left(&mut figures, a, Some(b), c);
        figures.still_open(Some(a), Some(a), None, c);
        figures.still_open(Some(c), None, None, c);
        let summary = figures.summary();
        assert_eq!(summary.promises_kept, Some(0.6), "3 of 5");
        assert_eq!(summary.requests_met, Some(0.25), "1 of 4");
        assert_eq!(summary.late_lines, 2);
        assert_eq!(summary.late_days.mean, Some(17.0), "12 and 22");
        assert_eq!(summary.late_days_all_p95, Some(22));
        let months: Vec<_> = summary.by_month.iter().map(|m| (m.due, m.kept)).collect();
        assert_eq!(months, [(5, 3)]);
    }

    #[test]
    fn days_are_weighed_by_units_and_waits_by_lines() {
        let mut figures = Figures::default();
        let (a, b) = (date(2024, 1, 10), date(2024, 1, 20));
        figures.departed(3, Some(a), Some(b), b);
        figures.departed(1, Some(b), Some(a), b);
        figures.waited(a, a);
        figures.waited(a, b);
        figures.still_open(None, None, Some(a), b);
        figures.day(10);
        figures.day(30);
        let summary = figures.summary();
        assert_eq!(summary.dwell_days.mean, Some(7.5));
        assert_eq!(summary.backorder_days.count, 2);
        assert_eq!((summary.lines_waiting, summary.promises_kept), (1, None));
        assert_eq!(summary.mean_units_on_hand, Some(20.0));
        assert_eq!(summary.stock_turns, Some(36.5), "4 units, 40 unit days");
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut days = Histogram::default();
        assert_eq!((days.percentile(95), days.mean()), (None, None));
        for day in 1..=20 {
            days.add(day, 1);
        }
        assert_eq!(days.percentile(95), Some(19));
        assert_eq!(days.percentile(50), Some(10));
        days.add(100, 1_000);
        assert_eq!(days.percentile(5), Some(100));
    }
}
