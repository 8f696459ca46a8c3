//! What people ask of the desk.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use landfall_service::desk::{
    AGED_LINES, Age, Ages, Cause, DayFigures, Figures, GROUPED_LINES, GroupBy, Groups, Lag, Source,
    Total, WorkFilter, WorkGroup, WorkItem, WorkKind, WorkSort, listed,
};
use landfall_service::views::List;
use landfall_service::views::cursor::{WorkPlace, cut, of_work};
use tokio_postgres::Row;

use super::tables::{self, WORK, days_late, row};
use crate::codes::{Day, Micros};
use crate::error::Fault;
use crate::rows::{self, count, get};
use crate::views::pool::{Ask, Pool};

/// Where the desk stands and where the log ends, and when the first event between them was written.
const LAG: &str = "SELECT h.next_offset - 1 - coalesce(d.through, 0), e.time, d.zone \
       FROM heads h LEFT JOIN desk_places d ON d.partition = h.partition \
       LEFT JOIN events e ON e.partition = d.partition AND e.\"offset\" = d.through + 1 \
      ORDER BY h.partition";
/// The figures of some days, of each partition. They are added up by whoever asks: a sum has its bound there.
static DAYS: LazyLock<String> = LazyLock::new(|| {
    let columns = Figures::NAMES.map(|name| format!("d.{name}")).join(", ");
    format!(
        "SELECT d.day, {columns} FROM unnest($1::smallint[]) AS k (partition) \
           JOIN desk_days d ON d.partition = k.partition AND d.day BETWEEN $2 AND $3 ORDER BY d.day"
    )
});

/// The column by which a list is sorted before its age.
fn column(sort: WorkSort) -> Option<&'static str> {
    match sort {
        WorkSort::Age => None,
        WorkSort::DaysLate => Some("worst"),
        WorkSort::Priority => Some("rank"),
    }
}

/// The condition on `worklist w` that a line is of this kind and wanted, in a partition of `k`.
fn condition(kind: WorkKind, filter: &WorkFilter, ask: &mut Ask) -> String {
    let kind = ask.value(tables::kind(kind));
    let mut condition = format!("w.partition = k.partition AND w.kind = {kind}");
    let mut and = |column: &str, value: Option<String>| {
        if let Some(value) = value {
            let value = ask.value(value);
            condition = format!("{condition} AND w.{column} = {value}");
        }
    };
    and("batch", filter.batch.as_ref().map(ToString::to_string));
    and(
        "shipment",
        filter.shipment.as_ref().map(ToString::to_string),
    );
    and("sku", filter.sku.as_ref().map(ToString::to_string));
    and("cause", filter.cause.map(|cause| cause.to_string()));
    if let Some(after) = filter.since_after {
        let after = ask.value(Micros::of(after));
        condition = format!("{condition} AND w.since > {after}");
    }
    if let Some(until) = filter.since_until {
        let until = ask.value(Micros::of(until));
        condition = format!("{condition} AND w.since <= {until}");
    }
    condition
}

/// The names of a row's sort columns, of the table called so.
fn sort_key(sort: WorkSort, of: &str) -> String {
    let first = column(sort).map_or(String::new(), |column| format!("{of}.{column}, "));
    format!("{first}{of}.since, {of}.order_id, {of}.line_id")
}

/// A page of the worklist: of each partition a page of its own, merged.
fn page(
    partitions: Vec<i16>,
    kind: WorkKind,
    filter: &WorkFilter,
    sort: WorkSort,
    after: Option<&WorkPlace>,
    limit: usize,
) -> Ask {
    let mut ask = Ask::new("");
    let partitions = ask.value(partitions);
    let wanted = condition(kind, filter, &mut ask);
    let key = sort_key(sort, "w");
    // From the beginning on it is the same question: without a place to begin with, any index of the kind and a sort
    // could seem as good, as long as nobody has counted the lines.
    let rank = match sort {
        WorkSort::Age => String::new(),
        // A cursor beyond the bounds is beyond all lines.
        WorkSort::DaysLate => {
            let worst = after.map_or(i32::MIN, |at| i32::try_from(at.rank).unwrap_or(i32::MAX));
            format!("{}, ", ask.value(worst))
        }
        WorkSort::Priority => {
            let rank = after.map_or(i16::MIN, |at| i16::try_from(at.rank).unwrap_or(i16::MAX));
            format!("{}, ", ask.value(rank))
        }
    };
    let since = after.map_or(Micros::BEGINNING, |at| Micros::of(at.since));
    let names = after.map(|at| (at.key.order_id.to_string(), at.key.line_id.to_string()));
    let (order, line) = names.unwrap_or_default();
    let (since, order, line) = (ask.value(since), ask.value(order), ask.value(line));
    let one_more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let one_more = ask.value(one_more);
    ask.sql = format!(
        "SELECT {WORK} FROM unnest({partitions}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
             SELECT * FROM worklist w WHERE {wanted} AND ({key}) > ({rank}{since}, {order}, {line}) \
              ORDER BY {key} LIMIT {one_more}) AS w \
          ORDER BY {key} LIMIT {one_more}"
    );
    ask
}

pub(super) async fn worklist(
    pool: &Pool,
    kind: WorkKind,
    filter: &WorkFilter,
    sort: WorkSort,
    after: Option<&WorkPlace>,
    limit: usize,
) -> Result<List<WorkItem>, Fault> {
    let ask = page(pool.all(), kind, filter, sort, after, limit);
    let rows = pool.ask(&ask).await?;
    let items = rows.iter().map(|at| Ok(row(at)?.item));
    let items = items.collect::<Result<_, Fault>>()?;
    Ok(cut(items, limit, |item| {
        of_work(sort, &WorkPlace::of(item, sort))
    }))
}

/// Lines in groups. Of each partition the oldest are looked at, one more than are told of, and of these the oldest.
fn grouped(partitions: Vec<i16>, kind: WorkKind, by: GroupBy, filter: &WorkFilter) -> Ask {
    let (columns, group) = match by {
        GroupBy::Source => (
            "w.shipment AS shipment, CASE WHEN w.shipment IS NULL THEN w.batch END AS batch, w.cause AS cause, \
             NULL::text AS sku",
            "shipment, batch, cause, sku",
        ),
        GroupBy::Sku => (
            "NULL::text AS shipment, NULL::text AS batch, NULL::text AS cause, w.sku AS sku",
            "shipment, batch, cause, sku",
        ),
    };
    let mut ask = Ask::new("");
    let partitions = ask.value(partitions);
    let wanted = condition(kind, filter, &mut ask);
    let (most, none, largest) = (GROUPED_LINES, i32::MIN, i64::MAX);
    ask.sql = format!(
        "SELECT {group}, count(*), least(sum(units), {largest})::bigint, min(since), \
                min(CASE WHEN worst > {none} THEN worst END), \
                count(CASE WHEN worst = {none} THEN 1 END) \
           FROM (SELECT {columns}, w.units, w.since, w.worst \
                   FROM unnest({partitions}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
                        SELECT * FROM worklist w WHERE {wanted} ORDER BY w.since LIMIT {most}) AS w \
                  ORDER BY w.since LIMIT {most}) AS w \
          GROUP BY {group}"
    );
    ask
}

/// Whether there are more lines than are looked at.
fn more(partitions: Vec<i16>, kind: WorkKind, filter: &WorkFilter) -> Ask {
    let mut ask = Ask::new("");
    let partitions = ask.value(partitions);
    let wanted = condition(kind, filter, &mut ask);
    ask.sql = format!(
        "SELECT 1 FROM unnest({partitions}::smallint[]) AS k (partition) JOIN worklist w ON {wanted} \
          LIMIT 1 OFFSET {GROUPED_LINES}"
    );
    ask
}

fn group(row: &Row) -> Result<WorkGroup, Fault> {
    let shipment = rows::optional_name(row, 0)?.map(Source::Shipment);
    let batch = rows::optional_name(row, 1)?.map(Source::Batch);
    let cause = get::<Option<&str>>(row, 2)?.map(|cause| {
        Cause::parse(cause).ok_or_else(|| Fault::Corrupt(format!("{cause} is no cause")))
    });
    let worst: Option<i32> = get(row, 7)?;
    Ok(WorkGroup {
        source: shipment.or(batch),
        cause: cause.transpose()?,
        sku: rows::optional_name(row, 3)?,
        lines: count(row, 4)?,
        units: count(row, 5)?,
        oldest: get::<Micros>(row, 6)?.time()?,
        worst_days: worst.and_then(days_late),
        without_day: count(row, 8)?,
    })
}

pub(super) async fn groups(
    pool: &Pool,
    kind: WorkKind,
    by: GroupBy,
    filter: &WorkFilter,
    limit: usize,
) -> Result<Groups, Fault> {
    let rows = pool.ask(&grouped(pool.all(), kind, by, filter)).await?;
    let groups = rows.iter().map(group);
    let groups: Vec<WorkGroup> = groups.collect::<Result<_, _>>()?;
    let lines: u64 = groups.iter().map(|group| group.lines).sum();
    let capped = lines == GROUPED_LINES as u64
        && !pool.ask(&more(pool.all(), kind, filter)).await?.is_empty();
    Ok(listed(groups, limit, lines, capped))
}

/// The oldest lines by the bands of their age, of which the youngest is left out; and beside them, as band -1, how much
/// there is in all: of one moment.
fn ages_ask(partitions: Vec<i16>, kind: WorkKind, now: Timestamp) -> Ask {
    let older = WorkFilter {
        since_until: Some(Age::Weeks.begins(now)),
        ..WorkFilter::default()
    };
    let mut ask = Ask::new("");
    let partitions = ask.value(partitions);
    let wanted = condition(kind, &older, &mut ask);
    let longer = ask.value(Micros::of(Age::Longer.begins(now)));
    let months = ask.value(Micros::of(Age::Months.begins(now)));
    let (all_lines, all_units) = match kind {
        WorkKind::Waiting => ("waiting_lines", "waiting_units"),
        WorkKind::Late => ("late_lines", "late_units"),
    };
    let largest = i64::MAX;
    ask.sql = format!(
        "SELECT CASE WHEN w.since <= {longer} THEN 2 WHEN w.since <= {months} THEN 1 ELSE 0 END AS band, count(*) AS lines, \
                least(sum(w.units), {largest})::bigint AS units \
           FROM (SELECT w.since, w.units FROM unnest({partitions}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
                     SELECT w.since, w.units FROM worklist w WHERE {wanted} ORDER BY w.since LIMIT {AGED_LINES}) AS w \
                  ORDER BY w.since LIMIT {AGED_LINES}) AS w \
          GROUP BY band \
         UNION ALL \
         SELECT -1, least(coalesce(sum(d.{all_lines}), 0), {largest})::bigint, \
                least(coalesce(sum(d.{all_units}), 0), {largest})::bigint \
           FROM desk_places d WHERE d.partition = ANY({partitions}::smallint[])"
    );
    ask
}

pub(super) async fn ages(pool: &Pool, kind: WorkKind, now: Timestamp) -> Result<Ages, Fault> {
    let (mut older, mut all) = ([Total::default(); 3], Total::default());
    for row in pool.ask(&ages_ask(pool.all(), kind, now)).await? {
        let (lines, units) = (count(&row, 1)?, count(&row, 2)?);
        let band: i32 = get(&row, 0)?;
        let total = Total { lines, units };
        match usize::try_from(band)
            .ok()
            .and_then(|band| older.get_mut(band))
        {
            Some(band) => *band = total,
            None => all = total,
        }
    }
    Ok(Ages::new(older, all))
}

pub(super) async fn days(pool: &Pool, from: Date, to: Date) -> Result<Vec<DayFigures>, Fault> {
    let ask = Ask::new(&*DAYS)
        .with(pool.all())
        .with(Day::of(from))
        .with(Day::of(to));
    let mut days: Vec<DayFigures> = Vec::new();
    for row in pool.ask(&ask).await? {
        let (day, figures) = tables::day(&row, 0)?;
        match days.last_mut().filter(|last| last.day == day) {
            Some(last) => last.figures = last.figures.plus(figures),
            None => days.push(DayFigures { day, figures }),
        }
    }
    days.retain(|day| day.figures != Figures::default());
    Ok(days)
}

pub(super) async fn lag(pool: &Pool) -> Result<Lag, Fault> {
    let mut lag = Lag::default();
    for row in pool.ask(&Ask::new(LAG)).await? {
        lag.events = lag.events.saturating_add(count(&row, 0)?);
        let oldest = get::<Option<Micros>>(&row, 1)?.map(Micros::time);
        lag.oldest = lag.oldest.into_iter().chain(oldest.transpose()?).min();
        lag.zone = lag.zone.or(get(&row, 2)?);
    }
    Ok(lag)
}

/// The questions that go along an index, for a test of their plans.
#[cfg(test)]
pub(crate) fn asked(partitions: &[i16]) -> Vec<Ask> {
    let place = WorkPlace {
        rank: 0,
        since: jiff::Timestamp::UNIX_EPOCH,
        key: landfall_domain::LineKey {
            order_id: "o".parse().unwrap(),
            line_id: "l".parse().unwrap(),
        },
    };
    let none = WorkFilter::default();
    let waits = Age::Weeks.cut(none.clone(), jiff::Timestamp::UNIX_EPOCH);
    let mut all = vec![page(
        partitions.to_vec(),
        WorkKind::Waiting,
        &waits,
        WorkSort::Age,
        None,
        10,
    )];
    for sort in [WorkSort::Age, WorkSort::DaysLate, WorkSort::Priority] {
        for after in [None, Some(&place)] {
            let late = WorkKind::Late;
            all.push(page(partitions.to_vec(), late, &none, sort, after, 10));
        }
    }
    all
}
