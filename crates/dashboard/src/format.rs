//! Numbers, days and instants as people read them.

use std::borrow::Borrow;

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
pub(crate) use landfall_domain::words::{count, number};

/// Letters of a figure that fit in one tile.
const SHORT: usize = 9;

/// The class of a tile that shows a figure: a long one needs the room of two.
pub(crate) fn tile(figure: impl AsRef<str>) -> &'static str {
    if figure.as_ref().len() > SHORT {
        "long"
    } else {
        "short"
    }
}

/// Letters of a name that stay in one line of a table.
const WHOLE: usize = 22;

/// Whether a name may go on in the next line of a table. A short one stays whole.
pub(crate) fn is_long(name: &str) -> bool {
    name.chars().count() > WHOLE
}

/// A day: `5 Jan 2027`.
pub(crate) fn day(day: impl Borrow<Date>) -> String {
    day.borrow().strftime("%-d %b %Y").to_string()
}

/// A day with its weekday: `Tue 5 Jan`.
pub(crate) fn weekday(day: Date) -> String {
    day.strftime("%a %-d %b").to_string()
}

/// An instant by the clock of its zone: `5 Jan 2027, 14:03`.
pub(crate) fn instant(instant: &Zoned) -> String {
    instant.strftime("%-d %b %Y, %H:%M").to_string()
}

/// How long ago something was: `3 days`, `5 h`, `2 min`.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", number(seconds.unsigned_abs() / 86_400)),
    }
}

/// Days from one to another; negative where that is before.
pub(crate) fn days_between(from: impl Borrow<Date>, to: impl Borrow<Date>) -> i64 {
    (*to.borrow() - *from.borrow()).get_days().into()
}

/// A difference of days: `+5 d`, `−1,200 d`.
pub(crate) fn days_late(days: i64) -> String {
    let sign = if days < 0 { '−' } else { '+' };
    format!("{sign}{} d", number(days.unsigned_abs()))
}

/// A part of a whole in percent, rounded down except that something is never nothing: `37 %`; none of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> Option<String> {
    let share = u128::from(part) * 100 / u128::from(whole.max(1));
    (whole > 0).then(|| match share {
        0 if part > 0 => "< 1 %".to_owned(),
        share => format!("{share} %"),
    })
}

/// Words with their days as people read them: what the domain says has `2027-01-05`. A name may look like a day, so
/// only what follows a word for time is one.
pub(crate) fn dated(words: &str) -> String {
    const BEFORE: [&str; 11] = [
        "for", "on", "to", "from", "until", "was", "is", "date", "by", "after", "before",
    ];
    let mut before = "";
    let parts = words.split(' ').map(|word| {
        let text = word.trim_end_matches(['.', ',', ';', ':']);
        let date = (text.len() == 10 && BEFORE.contains(&before))
            .then(|| text.parse::<Date>().ok())
            .flatten();
        before = word;
        match date {
            Some(date) => format!("{}{}", day(date), &word[text.len()..]),
            None => word.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// What the domain says in lower case without a full stop, as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let text = dated(text);
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut sentence: String = first.into_iter().flatten().chain(letters).collect();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

/// A change as a headline: what it begins with is a name, or the kind of thing that has one.
pub(crate) fn headline(text: &str) -> String {
    const KINDS: [&str; 4] = ["batch ", "line ", "order ", "shipment "];
    let text = dated(text);
    match KINDS.iter().find(|kind| text.starts_with(**kind)) {
        Some(kind) => format!("{}{}", kind[..1].to_uppercase(), &text[1..]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_words_are_told_from_names() {
        assert_eq!(
            dated("Got 2 of batch 2027-01-06, promised for 2027-01-05; it was 2027-01-01."),
            "Got 2 of batch 2027-01-06, promised for 5 Jan 2027; it was 1 Jan 2027."
        );
        assert_eq!(
            dated("eta was 2026-11-28 and is 2027-01-01, carrier was A and is none"),
            "eta was 28 Nov 2026 and is 1 Jan 2027, carrier was A and is none"
        );
        assert_eq!(dated("on 2027-13-05 to æøå"), "on 2027-13-05 to æøå");
    }

    #[test]
    fn something_is_never_nothing() {
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(0, 10).as_deref(), Some("0 %"));
        assert_eq!(percent(1, 1_000).as_deref(), Some("< 1 %"));
        assert_eq!(percent(999, 1_000).as_deref(), Some("99 %"));
        assert_eq!(percent(u64::MAX, u64::MAX).as_deref(), Some("100 %"));
    }

    #[test]
    fn ages_are_told_in_one_unit() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let age = |seconds| since(at(0), at(seconds));
        assert_eq!(age(-5), "just now");
        assert_eq!(age(61), "1 min");
        assert_eq!(age(7_200), "2 h");
        assert_eq!(age(200_000), "2 days");
    }
}
