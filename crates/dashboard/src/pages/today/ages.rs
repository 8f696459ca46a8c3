//! Lines that wait, by how long they have.

use landfall_service::desk::{Age, Ages};

use crate::format;
use crate::pages::worklists::{WAITING_DAYS, band_words};
use crate::params::Params;
use crate::table::{Cell, Row, Table, Tone, column, numbers};

/// The bands, each with the list of its lines.
pub(super) fn ages_table(ages: &Ages) -> Table {
    let columns = [column("Waits for"), numbers("Lines"), numbers("Units")];
    // The oldest first: they are what somebody should look at.
    let rows = Age::ALL.into_iter().rev().map(|age| {
        let total = ages.of(age);
        let href = Params::default().with(WAITING_DAYS, Some(age.as_str()));
        let lines = match (age, total.lines) {
            (Age::Longer | Age::Months, lines) if lines > 0 => Cell::Alarm(Tone::Warn, lines),
            (_, lines) => Cell::Number(lines),
        };
        let band = Cell::Name {
            href: href.url("/backorders"),
            text: band_words(age).to_owned(),
        };
        Row {
            cells: vec![band, lines, Cell::Number(total.units)],
        }
    });
    let caption = "Lines that wait for stock, by how long";
    let caption = match ages.left_out.lines {
        0 => caption.to_owned(),
        lines => format!(
            "{caption} ({} younger ones are not counted)",
            format::number(lines)
        ),
    };
    Table::new("ages", caption, &columns).with_rows(rows)
}
