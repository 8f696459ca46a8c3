//! What people ask of the desk. Each list goes along one index, which is named: without it the planner could think
//! that to collect and sort is as good.

use jiff::Timestamp;
use jiff::civil::Date;
use landfall_service::desk::{
    AGED_LINES, Age, Ages, DayFigures, Figures, GROUPED_LINES, GroupBy, Groups, Lag, Source, Total,
    Totals, WorkFilter, WorkGroup, WorkItem, WorkKind, WorkSort, listed,
};
use landfall_service::views::List;
use landfall_service::views::cursor::{WorkPlace, cut, of_work};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::sql::{self, WORK, days_late, row};
use crate::codes;
use crate::error::Fault;
use crate::rows::{self, count};

/// When the first event was written that the desk has not taken in.
const OLDEST: &str =
    "SELECT min(e.time) FROM desk_places d JOIN events e ON e.offset = d.through + 1";
const EVENTS_IN_ALL: &str = "SELECT coalesce(sum(next_offset - 1), 0) FROM heads";

/// A statement that is being written, and its values.
struct Asked {
    sql: String,
    values: Vec<Value>,
}

impl Asked {
    /// Adds a value and says how it is named in the statement.
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn and(&mut self, column: &str, value: &str) {
        let value = self.value(value.to_owned());
        self.add(&format!(" AND {column} = {value}"));
    }

    fn add(&mut self, text: &str) {
        self.sql.push_str(text);
    }
}

/// The column by which a list is sorted before its age.
fn column(sort: WorkSort) -> Option<&'static str> {
    match sort {
        WorkSort::Age => None,
        WorkSort::DaysLate => Some("w.worst"),
        WorkSort::Priority => Some("w.rank"),
    }
}

/// The lines of a kind that are wanted: everything from `FROM` on, and the index that it goes along.
fn wanted(columns: &str, kind: WorkKind, filter: &WorkFilter, sort: WorkSort) -> Asked {
    let index = if filter.batch.is_some() {
        "worklist_batch"
    } else if filter.shipment.is_some() {
        "worklist_shipment"
    } else if filter.sku.is_some() {
        "worklist_sku"
    } else {
        match sort {
            WorkSort::Age => "worklist_age",
            WorkSort::DaysLate => "worklist_worst",
            WorkSort::Priority => "worklist_rank",
        }
    };
    let mut asked = Asked {
        sql: format!("SELECT {columns} FROM worklist w INDEXED BY {index} WHERE w.kind = ?1"),
        values: vec![Value::from(sql::kind(kind))],
    };
    if let Some(batch) = &filter.batch {
        asked.and("w.batch", batch.as_str());
    }
    if let Some(shipment) = &filter.shipment {
        asked.and("w.shipment", shipment.as_str());
    }
    if let Some(sku) = &filter.sku {
        asked.and("w.sku", sku.as_str());
    }
    if let Some(cause) = filter.cause {
        asked.and("w.cause", cause.as_str());
    }
    if let Some(after) = filter.since_after {
        let after = asked.value(codes::micros(after));
        asked.add(&format!(" AND w.since > {after}"));
    }
    if let Some(until) = filter.since_until {
        let until = asked.value(codes::micros(until));
        asked.add(&format!(" AND w.since <= {until}"));
    }
    asked
}

/// A page of the worklist, as a statement.
fn page(
    kind: WorkKind,
    filter: &WorkFilter,
    sort: WorkSort,
    after: Option<&WorkPlace>,
    limit: usize,
) -> Asked {
    let mut asked = wanted(WORK, kind, filter, sort);
    let first = column(sort).map_or(String::new(), |column| format!("{column}, "));
    let key = format!("{first}w.since, w.order_id, w.line_id");
    if let Some(WorkPlace {
        rank,
        since,
        key: line,
    }) = after
    {
        let rank = match column(sort) {
            Some(_) => format!("{}, ", asked.value(*rank)),
            None => String::new(),
        };
        let since = asked.value(codes::micros(*since));
        let order = asked.value(line.order_id.to_string());
        let line = asked.value(line.line_id.to_string());
        let condition = format!(" AND ({key}) > ({rank}{since}, {order}, {line})");
        asked.add(&condition);
    }
    let one_more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let one_more = asked.value(one_more);
    asked.add(&format!(" ORDER BY {key} LIMIT {one_more}"));
    asked
}

fn each<T>(
    connection: &Connection,
    asked: &Asked,
    read: impl Fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(&asked.sql)?;
    let mut rows = statement.query(params_from_iter(&asked.values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

pub(super) fn worklist(
    connection: &Connection,
    kind: WorkKind,
    filter: &WorkFilter,
    sort: WorkSort,
    after: Option<&WorkPlace>,
    limit: usize,
) -> Result<List<WorkItem>, Fault> {
    let asked = page(kind, filter, sort, after, limit);
    let items = each(connection, &asked, |at| Ok(row(at)?.item))?;
    Ok(cut(items, limit, |item| {
        of_work(sort, &WorkPlace::of(item, sort))
    }))
}

/// The lines that a question by groups looks at.
fn grouped(columns: &str, kind: WorkKind, filter: &WorkFilter) -> Asked {
    let mut asked = wanted(columns, kind, filter, WorkSort::Age);
    asked.add(&format!(" ORDER BY w.since LIMIT {GROUPED_LINES}"));
    asked
}

/// Lines in groups, as a statement.
fn groups_asked(kind: WorkKind, by: GroupBy, filter: &WorkFilter) -> Asked {
    let (columns, group) = match by {
        GroupBy::Source => (
            "w.shipment AS shipment, iif(w.shipment IS NULL, w.batch, NULL) AS batch, w.cause AS cause, \
             NULL AS sku",
            "shipment, batch, cause",
        ),
        GroupBy::Sku => (
            "NULL AS shipment, NULL AS batch, NULL AS cause, w.sku AS sku",
            "sku",
        ),
    };
    let columns = format!("{columns}, w.units AS units, w.since AS since, w.worst AS worst");
    let none = i32::MIN;
    let mut asked = grouped(&columns, kind, filter);
    // A sum that is too large for a number is told as the largest one.
    asked.sql = format!(
        "SELECT shipment, batch, cause, sku, count(*), CAST(total(units) AS INTEGER), min(since), \
         min(iif(worst > {none}, worst, NULL)), count(*) FILTER (WHERE worst = {none}) \
         FROM ({}) GROUP BY {group}",
        asked.sql
    );
    asked
}

fn group(row: &Row<'_>) -> Result<WorkGroup, Fault> {
    let shipment = rows::optional_name(row, 0)?.map(Source::Shipment);
    let batch = rows::optional_name(row, 1)?.map(Source::Batch);
    let cause: Option<String> = row.get(2)?;
    let cause = cause.map(|cause| {
        let known = landfall_service::desk::Cause::parse(&cause);
        known.ok_or_else(|| Fault::Corrupt(format!("{cause} is no cause")))
    });
    let worst: Option<i64> = row.get(7)?;
    Ok(WorkGroup {
        source: shipment.or(batch),
        cause: cause.transpose()?,
        sku: rows::optional_name(row, 3)?,
        lines: count(row, 4)?,
        units: count(row, 5)?,
        oldest: codes::time_of(row.get(6)?)?,
        worst_days: worst.and_then(days_late),
        without_day: count(row, 8)?,
    })
}

pub(super) fn groups(
    connection: &Connection,
    kind: WorkKind,
    by: GroupBy,
    filter: &WorkFilter,
    limit: usize,
) -> Result<Groups, Fault> {
    let groups = each(connection, &groups_asked(kind, by, filter), group)?;
    let lines: u64 = groups.iter().map(|group| group.lines).sum();
    let capped = lines == GROUPED_LINES as u64 && {
        let mut more = wanted("1", kind, filter, WorkSort::Age);
        more.add(&format!(" LIMIT 1 OFFSET {GROUPED_LINES}"));
        !each(connection, &more, |_| Ok(()))?.is_empty()
    };
    Ok(listed(groups, limit, lines, capped))
}

/// The oldest lines by the bands of their age, of which the youngest is left out, as a statement.
fn ages_asked(kind: WorkKind, now: Timestamp) -> Asked {
    let older = WorkFilter {
        since_until: Some(Age::Weeks.begins(now)),
        ..WorkFilter::default()
    };
    let columns = "w.since AS since, w.units AS units";
    let mut asked = wanted(columns, kind, &older, WorkSort::Age);
    asked.add(&format!(" ORDER BY w.since LIMIT {AGED_LINES}"));
    let longer = asked.value(codes::micros(Age::Longer.begins(now)));
    let months = asked.value(codes::micros(Age::Months.begins(now)));
    // A sum that is too large for a number is told as the largest one.
    asked.sql = format!(
        "SELECT iif(since <= {longer}, 2, iif(since <= {months}, 1, 0)) AS band, count(*), \
         CAST(total(units) AS INTEGER) FROM ({}) GROUP BY band",
        asked.sql
    );
    asked
}

pub(super) fn ages(connection: &Connection, kind: WorkKind, now: Timestamp) -> Result<Ages, Fault> {
    let bands = each(connection, &ages_asked(kind, now), |row| {
        let (lines, units) = (count(row, 1)?, count(row, 2)?);
        Ok((count(row, 0)?, Total { lines, units }))
    })?;
    let mut older = [Total::default(); 3];
    for (band, total) in bands {
        let band = usize::try_from(band).ok();
        if let Some(band) = band.and_then(|band| older.get_mut(band)) {
            *band = total;
        }
    }
    let totals = sql::places(connection)?;
    let totals = totals.into_iter().map(|place| place.totals);
    let all = totals.fold(Totals::default(), Totals::plus);
    Ok(Ages::new(older, all.of(kind)))
}

pub(super) fn days(
    connection: &Connection,
    from: Date,
    to: Date,
) -> Result<Vec<DayFigures>, Fault> {
    let columns = Figures::NAMES.join(", ");
    let asked = Asked {
        sql: format!(
            "SELECT day, {columns} FROM desk_days WHERE day BETWEEN ?1 AND ?2 ORDER BY day"
        ),
        values: vec![codes::day(from).into(), codes::day(to).into()],
    };
    let mut days = each(connection, &asked, |row| {
        let (day, figures) = sql::day(row)?;
        Ok(DayFigures { day, figures })
    })?;
    days.retain(|day| day.figures != Figures::default());
    Ok(days)
}

pub(super) fn lag(connection: &Connection) -> Result<Lag, Fault> {
    let places = sql::places(connection)?;
    let Some(first) = places.first() else {
        let events = connection.query_row(EVENTS_IN_ALL, [], |row| row.get(0))?;
        return Ok(Lag {
            events: codes::count_of(events)?,
            ..Lag::default()
        });
    };
    let mut statement = connection.prepare_cached(OLDEST)?;
    let oldest: Option<i64> = statement.query_row([], |row| row.get(0))?;
    let behind = places.iter();
    let behind = behind.map(|place| place.end.saturating_sub(place.through));
    Ok(Lag {
        events: behind.sum(),
        oldest: oldest.map(codes::time_of).transpose()?,
        zone: Some(first.zone.clone()),
    })
}

/// The statements of the lists, for a test of their plans.
#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let place = WorkPlace {
        rank: 0,
        since: jiff::Timestamp::UNIX_EPOCH,
        key: landfall_domain::LineKey {
            order_id: "o".parse().unwrap(),
            line_id: "l".parse().unwrap(),
        },
    };
    let none = WorkFilter::default();
    let with_sku = WorkFilter {
        sku: "S".parse().ok(),
        ..none.clone()
    };
    let with_shipment = WorkFilter {
        shipment: "s".parse().ok(),
        ..none.clone()
    };
    let with_batch = WorkFilter {
        batch: "b".parse().ok(),
        ..none.clone()
    };
    let mut all = vec![OLDEST.to_owned()];
    let now = jiff::Timestamp::UNIX_EPOCH;
    let waits = Age::Weeks.cut(none.clone(), now);
    for after in [None, Some(&place)] {
        all.push(page(WorkKind::Waiting, &waits, WorkSort::Age, after, 10).sql);
    }
    for sort in [WorkSort::Age, WorkSort::DaysLate, WorkSort::Priority] {
        for after in [None, Some(&place)] {
            all.push(page(WorkKind::Late, &none, sort, after, 10).sql);
        }
    }
    for filter in [none, with_sku, with_shipment, with_batch] {
        for after in [None, Some(&place)] {
            all.push(page(WorkKind::Late, &filter, WorkSort::Age, after, 10).sql);
        }
        all.push(grouped("1", WorkKind::Late, &filter).sql);
    }
    all
}

/// The statement of ages, for a test of its plan.
#[cfg(test)]
pub(crate) fn ages_statement() -> String {
    ages_asked(WorkKind::Waiting, jiff::Timestamp::UNIX_EPOCH).sql
}
