//! Lines that should have left: those of the batches whose goods may leave, by the index of the lines of a batch.

use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use hashbrown::HashSet;
use jiff::civil::Date;
use landfall_service::resources::AllocationResource;
use landfall_service::views::overdue::{
    OVERDUE_COUNTED, OverdueFilter, OverdueLine, OverduePlace, OverdueSort, OverdueTotal, page,
    rest,
};
use landfall_service::views::{List, Page};

use super::limit;
use super::pegged::lines_of;
use super::pool::{Ask, Pool, moment};
use crate::codes::{Day, int, small};
use crate::error::Fault;
use crate::load::sql::{PROMISE, SHORTAGE};
use crate::rows::{Place, count, date, get, partition, place};

/// The batches whose goods may leave and of which lines have any, and each rank of which they have lines. A rank leads
/// to the next one. Where a product is named, its partition is the only one.
pub(super) static RANKS: LazyLock<String> = LazyLock::new(|| {
    let next = |batch: &str, after: &str| {
        format!(
            "least((SELECT {SHORTAGE} FROM lines l WHERE l.partition = {batch}.partition AND l.batch = {batch}.number {} \
                     ORDER BY {SHORTAGE} LIMIT 1), \
                   (SELECT t.shortage FROM line_parts t \
                     WHERE t.partition = {batch}.partition AND t.batch = {batch}.number {} \
                     ORDER BY t.shortage LIMIT 1))",
            after.replace("{rank}", SHORTAGE),
            after.replace("{rank}", "t.shortage"),
        )
    };
    let (first, second) = (next("b", ""), next("r", "AND {rank} > r.rank"));
    format!(
        "WITH RECURSIVE ranks (partition, number, rank) AS ( \
             SELECT b.partition, b.number, {first} \
               FROM batches b WHERE b.partition = ANY($1::smallint[]) \
                AND b.eta IS NULL AND b.hold IS NULL AND b.shipment_hold IS NULL AND b.open > 0 AND b.allocated > 0 \
                AND ($2::text IS NULL OR b.product = (SELECT p.number FROM products p \
                     WHERE p.partition = ANY($1::smallint[]) AND p.sku = $2::text)) \
                AND ($3::text IS NULL OR b.reference = $3::text) AND ($4::text IS NULL OR b.shipment = $4::text) \
             UNION ALL \
             SELECT r.partition, r.number, {second} FROM ranks r WHERE r.rank IS NOT NULL) \
         SELECT partition, number, rank::integer FROM ranks WHERE rank IS NOT NULL"
    )
});
/// Of batches and ranks the lines after a promise and number, those promised before a day.
const LINES: &str = "FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::date[], $5::bigint[]) \
        AS k (partition, batch, rank, promise, number) \
     CROSS JOIN LATERAL ( \
         (SELECT {PROMISE} AS promise, l.number, l.quantity - l.dispatched AS units FROM lines l \
           WHERE l.partition = k.partition AND l.batch = k.batch AND {SHORTAGE} = k.rank \
             AND {PROMISE} < $6 AND ({PROMISE}, l.number) > (k.promise, k.number) \
           ORDER BY {PROMISE}, l.number LIMIT $7) \
         UNION ALL \
         (SELECT t.promise, t.number, t.units FROM line_parts t \
           WHERE t.partition = k.partition AND t.batch = k.batch AND t.shortage = k.rank \
             AND t.promise < $6 AND (t.promise, t.number) > (k.promise, k.number) \
           ORDER BY t.promise, t.number LIMIT $7)) AS f";
pub(super) static FOUND: LazyLock<String> = LazyLock::new(|| {
    let lines = with_places(LINES);
    format!("SELECT k.partition, k.rank, f.promise, f.number {lines}")
});
/// The same counted. A line that several batches serve is one.
pub(super) static COUNTED: LazyLock<String> = LazyLock::new(|| {
    let lines = with_places(LINES);
    format!(
        "SELECT count(*), coalesce(sum(c.units), 0)::bigint FROM ( \
             SELECT k.partition, f.number, sum(f.units) AS units {lines} \
              GROUP BY k.partition, f.number LIMIT $7) AS c"
    )
});
/// Lines by their numbers, in the order in which they are named.
pub(super) const NAMES: &str = "SELECT l.order_id, l.line_id \
     FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS k (partition, number, place) \
     JOIN lines l ON l.partition = k.partition AND l.number = k.number ORDER BY k.place";
/// Those of some batches whose goods may leave.
pub(super) const MAY_LEAVE: &str = "SELECT b.partition, b.number \
     FROM unnest($1::smallint[], $2::bigint[]) AS k (partition, number) \
     JOIN batches b ON b.partition = k.partition AND b.number = k.number \
     WHERE b.eta IS NULL AND b.hold IS NULL AND b.shipment_hold IS NULL";

fn with_places(sql: &str) -> String {
    sql.replace("{PROMISE}", PROMISE)
        .replace("{SHORTAGE}", SHORTAGE)
}

/// Lines of a batch that have one rank.
struct Range {
    batch: Place,
    /// 9 − priority, and 10 less where a part of the lines has left.
    rank: i32,
}

/// What of a list is asked for: at most so many of each batch and rank.
struct Rest<'a> {
    sort: OverdueSort,
    after: Option<&'a OverduePlace>,
    limit: i64,
    today: Date,
}

impl Rest<'_> {
    /// A question about these lines that are overdue.
    fn ask(&self, sql: &str, ranges: &[Range]) -> Ask {
        let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Range { batch, rank } in ranges {
            let of_rank = i64::from(rank.rem_euclid(10));
            let Some((day, number)) = rest(self.after, self.sort, of_rank, batch.0) else {
                continue;
            };
            columns.0.push(small(batch.0));
            columns.1.push(int(batch.1));
            columns.2.push(*rank);
            columns.3.push(day.map_or(Day::NOW, Day::of));
            columns.4.push(int(number));
        }
        Ask::new(sql)
            .with(columns.0)
            .with(columns.1)
            .with(columns.2)
            .with(columns.3)
            .with(columns.4)
            .with(Day::of(self.today))
            .with(self.limit)
    }
}

async fn ranges(
    pool: &Pool,
    client: &impl GenericClient,
    filter: &OverdueFilter,
) -> Result<Vec<Range>, Fault> {
    let partitions = match &filter.sku {
        Some(sku) => vec![small(pool.partition_of(sku.as_str()))],
        None => pool.all(),
    };
    let ask = Ask::new(&*RANKS)
        .with(partitions)
        .with(filter.sku.as_ref().map(ToString::to_string))
        .with(filter.batch.as_ref().map(ToString::to_string))
        .with(filter.shipment.as_ref().map(ToString::to_string));
    let rows = ask.of(client).await?;
    let range = |row| {
        Ok(Range {
            batch: place(row, 0)?,
            rank: get(row, 2)?,
        })
    };
    rows.iter().map(range).collect()
}

pub(super) async fn overdue(
    pool: &Pool,
    filter: &OverdueFilter,
    sort: OverdueSort,
    after: Option<&OverduePlace>,
    wanted: &Page,
    today: Date,
) -> Result<List<OverdueLine>, Fault> {
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let ranges = ranges(pool, &moment, filter).await?;
    let rest = Rest {
        sort,
        after,
        limit: limit(wanted),
        today,
    };
    overdue_of(pool, &moment, &ranges, &rest, wanted.limit).await
}

/// A page of the lines of these batches and ranks.
async fn overdue_of(
    pool: &Pool,
    client: &impl GenericClient,
    ranges: &[Range],
    rest: &Rest<'_>,
    limit: usize,
) -> Result<List<OverdueLine>, Fault> {
    let mut found = Vec::new();
    for row in rest.ask(&FOUND, ranges).of(client).await? {
        let rank: i32 = get(&row, 1)?;
        let promise = date(&row, 2)?;
        found.push(OverduePlace {
            promise: promise.ok_or_else(|| Fault::Corrupt("a line without a promise".into()))?,
            rank: rank.rem_euclid(10).into(),
            partition: partition(&row, 0)?,
            number: count(&row, 3)?,
        });
    }
    let List { items, next } = page(found, rest.sort, limit);
    let items = lines(pool, client, &items, rest.today).await?;
    Ok(List { items, next })
}

/// The lines at these places, and what of each may leave.
async fn lines(
    pool: &Pool,
    client: &impl GenericClient,
    places: &[OverduePlace],
    today: Date,
) -> Result<Vec<OverdueLine>, Fault> {
    let numbers = places.iter().map(|p| (small(p.partition), int(p.number)));
    let (homes, numbers): (Vec<i16>, Vec<i64>) = numbers.unzip();
    let mut keys = Vec::with_capacity(places.len());
    for row in Ask::new(NAMES).with(homes).with(numbers).of(client).await? {
        keys.push((get(&row, 0)?, get(&row, 1)?));
    }
    let lines = lines_of(pool, client, keys).await?;
    let batches = lines.iter().flat_map(|line| {
        let parts = line.allocations().iter();
        parts.map(|part| (small(line.place.0), int(part.batch_number)))
    });
    let (homes, numbers): (Vec<i16>, Vec<i64>) = batches.unzip();
    let leave = Ask::new(MAY_LEAVE).with(homes).with(numbers);
    let leave = leave.of(client).await?;
    let leave: HashSet<Place> = leave
        .iter()
        .map(|row| place(row, 0))
        .collect::<Result<_, _>>()?;
    let lines = lines.into_iter().map(|line| {
        let parts = line.allocations().iter();
        let here = parts.filter(|part| leave.contains(&(line.place.0, part.batch_number)));
        let here = here.map(|part| AllocationResource {
            batch: part.batch.clone(),
            quantity: part.quantity,
            eta: None,
        });
        OverdueLine {
            here: here.collect(),
            line: line.into_resource(today),
        }
    });
    Ok(lines.collect())
}

pub(super) async fn total(pool: &Pool, first: usize, today: Date) -> Result<OverdueTotal, Fault> {
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let ranges = ranges(pool, &moment, &OverdueFilter::default()).await?;
    let of = |limit| Rest {
        sort: OverdueSort::Promise,
        after: None,
        limit,
        today,
    };
    let some = Page {
        after: None,
        limit: first,
    };
    let found = overdue_of(pool, &moment, &ranges, &of(limit(&some)), first).await?;
    let batches: HashSet<Place> = ranges.iter().map(|range| range.batch).collect();
    let mut total = OverdueTotal {
        first: found.items,
        batches: batches.len() as u64,
        ..OverdueTotal::default()
    };
    let counted = of(int(OVERDUE_COUNTED + 1));
    for row in counted.ask(&COUNTED, &ranges).of(&moment).await? {
        let lines = count(&row, 0)?;
        total.lines = lines.min(OVERDUE_COUNTED);
        total.units = count(&row, 1)?;
        total.capped = lines > OVERDUE_COUNTED;
    }
    Ok(total)
}
