//! Where events go, and what is in their way.

use jiff::Timestamp;
use landfall_service::relay::SinkReading;

use crate::format;
use crate::table::{Cell, Row, Table, column, numbers};

/// A sink that is further behind than this should be looked at.
const BEHIND_SECONDS: i64 = 60;

pub(super) fn sink_rows(sinks: &[SinkReading], now: Timestamp) -> Vec<Row> {
    let troubled = sinks.iter().filter(|sink| {
        let behind = |then: Timestamp| now.duration_since(then).as_secs() >= BEHIND_SECONDS;
        sink.in_the_way.is_some() || sink.dead_letters > 0 || sink.oldest.is_some_and(behind)
    });
    let rows = troubled.map(|sink| Row {
        cells: vec![
            Cell::text(sink.sink.to_string()),
            Cell::Number(sink.lag),
            sink.oldest
                .map_or(Cell::None, |then| Cell::text(format::since(then, now))),
            Cell::Number(sink.dead_letters),
            sink.in_the_way.as_deref().map_or(Cell::None, Cell::text),
        ],
    });
    rows.collect()
}

pub(super) fn sink_table(rows: Vec<Row>, none: bool) -> Table {
    let columns = [
        column("Sink"),
        numbers("Events behind"),
        numbers("For"),
        numbers("Dead letters"),
        column("In the way"),
    ];
    let empty = if none {
        "Events go nowhere but to this dashboard: no sink is configured."
    } else {
        "All events are out."
    };
    Table::new("sinks", "Where events go", &columns)
        .with_rows(rows)
        .or_empty(empty)
}
