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
            Cell::text(to_do(sink)),
        ],
    });
    rows.collect()
}

/// What is to be done, by whoever runs the service.
fn to_do(sink: &SinkReading) -> String {
    let name = &sink.sink;
    if sink.dead_letters > 0 {
        format!(
            "landfall events dead-letters --sink {name} says which and why; landfall events replay --sink {name} --dead-letters \
             sends them again"
        )
    } else if sink.in_the_way.is_some() {
        "It is tried again by itself, and catches up once it takes events".to_owned()
    } else {
        format!("It catches up by itself; landfall events sinks shows how far {name} is")
    }
}

pub(super) fn sink_table(rows: Vec<Row>, none: bool) -> Table {
    let columns = [
        column("Sink"),
        numbers("Events behind"),
        numbers("For"),
        numbers("Dead letters"),
        column("In the way"),
        column("Do"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_something_to_do_beside_it() {
        let fine = SinkReading {
            sink: "erp".into(),
            delivered: 9,
            dead_letters: 0,
            setbacks: 0,
            partitions: 1,
            lag: 0,
            oldest: None,
            in_the_way: None,
        };
        let now = Timestamp::UNIX_EPOCH;
        assert!(sink_rows(std::slice::from_ref(&fine), now).is_empty());
        let dead = SinkReading {
            dead_letters: 2,
            ..fine.clone()
        };
        let down = SinkReading {
            in_the_way: Some("refused".into()),
            ..fine.clone()
        };
        let slow = SinkReading {
            oldest: now.checked_sub(jiff::SignedDuration::from_secs(60)).ok(),
            ..fine
        };
        let rows = sink_rows(&[dead, down, slow], now);
        let to_do: Vec<_> = rows.iter().map(|row| row.cells[5].plain()).collect();
        assert!(to_do[0].contains("events replay --sink erp --dead-letters"));
        assert!(to_do[1].starts_with("It is tried again"));
        assert!(to_do[2].contains("landfall events sinks"));
    }
}
