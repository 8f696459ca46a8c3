//! Where an order stands, in one or two plain sentences: what a clerk reads out on the telephone.

use jiff::civil::Date;
use landfall_domain::Deliver;
use landfall_domain::line::Status;
use landfall_service::resources::{LineResource, OrderResource};

use crate::format;
use crate::table::Tone;

/// Lines that are named.
const NAMED: usize = 2;

/// Where it stands, and whether that is good.
pub(super) fn answer(order: &OrderResource) -> (Tone, String) {
    let with = |status: Status| {
        let lines = order.lines.iter().filter(|line| line.status == status);
        lines.collect::<Vec<_>>()
    };
    let (allocated, waiting) = (with(Status::Allocated), with(Status::Backordered));
    let gone = with(Status::Dispatched).len();
    let wanted = order.lines.len() - with(Status::Cancelled).len();
    if allocated.is_empty() && waiting.is_empty() {
        return (Tone::Plain, settled(gone, order.lines.len()));
    }
    let mut said = Vec::new();
    let mut tone = Tone::Good;
    if gone > 0 {
        let have = if gone == 1 { "has" } else { "have" };
        said.push(format!("{} {have} left.", part(gone, wanted)));
    }
    let promised: Vec<_> = allocated
        .iter()
        .filter_map(|line| line.current_promise.map(|day| (*line, day)))
        .collect();
    if let Some(last) = promised.iter().map(|(_, day)| *day).max() {
        let (words, worst) = promises(&promised, last, wanted);
        tone = worst;
        said.push(words);
    }
    let dayless: Vec<_> = allocated
        .iter()
        .copied()
        .filter(|line| line.current_promise.is_none())
        .collect();
    let together = order.deliver == Deliver::Together;
    if !dayless.is_empty() && together && !waiting.is_empty() {
        tone = tone.max(Tone::Warn);
        let have = if dayless.len() == 1 {
            "has its goods"
        } else {
            "have their goods"
        };
        let lines = part(dayless.len(), wanted);
        said.push(format!(
            "{lines} {have}, but all go out together: there is no day until nothing waits."
        ));
    } else if !dayless.is_empty() {
        tone = Tone::Bad;
        let (have, they) = if dayless.len() == 1 {
            ("has", "it")
        } else {
            ("have", "they")
        };
        said.push(format!(
            "{} {have} no day: what {they} should come from is held, and nobody knows until when.",
            names(&dayless)
        ));
    }
    if !waiting.is_empty() {
        let broken = waiting.iter().filter_map(|line| line.original_promise);
        let wait = if waiting.len() == 1 { "waits" } else { "wait" };
        let was = if let Some(day) = broken.max() {
            tone = Tone::Bad;
            format!(", promised for {} before", format::day(day))
        } else {
            tone = tone.max(Tone::Warn);
            String::new()
        };
        said.push(format!("{} {wait} for stock{was}.", names(&waiting)));
    }
    (tone, said.join(" "))
}

/// An order of which nothing is to come any more.
fn settled(gone: usize, all: usize) -> String {
    match (gone, all - gone) {
        (0, _) => "Cancelled: nothing has left, and nothing will.".into(),
        (1, 0) => "It has left.".into(),
        (_, 0) => "Everything has left.".into(),
        (_, rest) => {
            let were = if rest == 1 { "was" } else { "were" };
            let have = if gone == 1 { "has" } else { "have" };
            format!("{} {have} left, {rest} {were} cancelled.", part(gone, all))
        }
    }
}

/// All lines of an order.
fn all(lines: usize) -> String {
    match lines {
        2 => "Both lines".into(),
        _ => format!("All {lines} lines"),
    }
}

/// What is said of the lines with a day; the last of these days is told.
fn promises(promised: &[(&LineResource, Date)], last: Date, wanted: usize) -> (String, Tone) {
    let day = format::day(last);
    let late: Vec<i64> = promised
        .iter()
        .filter_map(|(line, day)| line.original_promise.map(|first| (first, day)))
        .map(|(first, day)| format::days_between(first, *day))
        .filter(|days| *days > 0)
        .collect();
    let overdue = promised.iter().filter(|(line, _)| line.overdue).count();
    let one = promised.len() == 1;
    let mut words = if one && wanted == 1 {
        format!("Promised for {day}")
    } else if one {
        format!("{} is promised for {day}", names(&[promised[0].0]))
    } else {
        let same = promised.iter().all(|(_, other)| *other == last);
        let many = if promised.len() == wanted {
            all(wanted)
        } else {
            part(promised.len(), wanted)
        };
        let the_last = if same { "" } else { ", the last" };
        format!("{many} are promised{the_last} for {day}")
    };
    if let Some(most) = late.iter().max() {
        let days = format::count(most.unsigned_abs(), "day", "days");
        words = match late.len() {
            1 if one => format!("{words}, {days} later than at first"),
            1 => format!("{words}; one of them is {days} later than at first"),
            2 if wanted == 2 => format!("{words}, later than at first by up to {days}"),
            several => format!("{words}; {several} of them are later than at first, up to {days}"),
        };
    }
    if overdue > 0 {
        words = if one {
            format!("{words}. That day has passed, and it has not left")
        } else {
            format!("{words}. Of {overdue} the day has passed, and they have not left")
        };
    }
    let tone = match (overdue, late.len()) {
        (1.., _) => Tone::Bad,
        (0, 1..) => Tone::Warn,
        (0, 0) => Tone::Good,
    };
    (format!("{words}."), tone)
}

/// `2 of 3 lines`.
fn part(some: usize, of: usize) -> String {
    if of == 1 {
        return "The line".into();
    }
    format!("{some} of {of} lines")
}

/// Lines by their SKUs, the first of them.
fn names(lines: &[&LineResource]) -> String {
    let named: Vec<_> = lines
        .iter()
        .take(NAMED)
        .map(|line| line.sku.as_str())
        .collect();
    match (named.as_slice(), lines.len().saturating_sub(NAMED)) {
        ([first, second], 0) => format!("{first} and {second}"),
        (named, 0) => named.join(", "),
        (named, 1) => format!("{} and 1 more line", named.join(", ")),
        (named, more) => format!("{} and {more} more lines", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use landfall_domain::{Policy, Priority};

    use super::*;

    fn line(sku: &str, status: Status) -> LineResource {
        LineResource {
            order_id: "SO-1".parse().unwrap(),
            line_id: sku.parse().unwrap(),
            sku: sku.parse().unwrap(),
            quantity: 1,
            status,
            allocations: Vec::new(),
            dispatched: 0,
            requested_date: None,
            original_promise: None,
            current_promise: None,
            overdue: false,
            priority: Priority::default(),
            policy: Policy::default(),
        }
    }

    fn promised(sku: &str, first: i8, now: i8) -> LineResource {
        LineResource {
            original_promise: Some(date(2027, 1, first)),
            current_promise: Some(date(2027, 1, now)),
            ..line(sku, Status::Allocated)
        }
    }

    fn told(deliver: Deliver, lines: Vec<LineResource>) -> (Tone, String) {
        answer(&OrderResource {
            order_id: "SO-1".parse().unwrap(),
            deliver,
            original_promise: None,
            current_promise: None,
            lines,
        })
    }

    #[test]
    fn an_order_is_told_as_one_tells_a_customer() {
        use Status::{Allocated, Backordered, Cancelled, Dispatched};
        let overdue = |sku| LineResource {
            overdue: true,
            ..promised(sku, 2, 2)
        };
        let waits_again = LineResource {
            original_promise: Some(date(2027, 1, 5)),
            ..line("SOFA", Backordered)
        };
        for (lines, tone, words) in [
            (
                vec![promised("SOFA", 12, 12)],
                Tone::Good,
                "Promised for 12 Jan 2027.",
            ),
            (
                vec![promised("SOFA", 12, 15)],
                Tone::Warn,
                "Promised for 15 Jan 2027, 3 days later than at first.",
            ),
            (
                vec![overdue("SOFA")],
                Tone::Bad,
                "Promised for 2 Jan 2027. That day has passed, and it has not left.",
            ),
            (
                vec![promised("SOFA", 12, 12), promised("LAMP", 12, 12)],
                Tone::Good,
                "Both lines are promised for 12 Jan 2027.",
            ),
            (
                vec![
                    promised("SOFA", 12, 12),
                    promised("LAMP", 9, 10),
                    line("RUG", Backordered),
                ],
                Tone::Warn,
                "2 of 3 lines are promised, the last for 12 Jan 2027; one of them is 1 day later than at first. \
                 RUG waits for stock.",
            ),
            (
                vec![
                    line("RUG", Dispatched),
                    waits_again,
                    line("LAMP", Cancelled),
                ],
                Tone::Bad,
                "1 of 2 lines has left. SOFA waits for stock, promised for 5 Jan 2027 before.",
            ),
            (
                vec![
                    line("A", Backordered),
                    line("B", Backordered),
                    line("C", Backordered),
                ],
                Tone::Warn,
                "A, B and 1 more line wait for stock.",
            ),
            (
                vec![line("SOFA", Allocated)],
                Tone::Bad,
                "SOFA has no day: what it should come from is held, and nobody knows until when.",
            ),
            (vec![line("SOFA", Dispatched)], Tone::Plain, "It has left."),
            (
                vec![line("SOFA", Dispatched), line("RUG", Cancelled)],
                Tone::Plain,
                "1 of 2 lines has left, 1 was cancelled.",
            ),
            (
                vec![line("SOFA", Cancelled)],
                Tone::Plain,
                "Cancelled: nothing has left, and nothing will.",
            ),
        ] {
            let (found, said) = told(Deliver::AsReady, lines);
            assert_eq!(said, words);
            assert_eq!(found, tone, "{words}");
        }
        let lines = vec![line("SOFA", Allocated), line("LAMP", Backordered)];
        assert_eq!(
            told(Deliver::Together, lines).1,
            "1 of 2 lines has its goods, but all go out together: there is no day until nothing waits. LAMP waits \
             for stock."
        );
    }
}
