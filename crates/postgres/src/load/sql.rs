//! The statements that load. Each takes arrays, one element for each thing that is wanted, and finds it by an index.

use std::sync::LazyLock;

use crate::rows::{BATCH, LINE, PRODUCT, PRODUCT_OF_B, PRODUCT_OF_L, SHIPMENT};

/// Locks where partitions stand, in ascending order, as all do. Beside each is the version of the API keys: a statement of
/// its own would cost more.
pub(crate) const LOCK: &str = "SELECT partition, version, next_offset, next_number, \
     (SELECT version FROM access_version WHERE partition = 0) AS access FROM heads \
     WHERE partition = ANY($1::smallint[]) ORDER BY partition FOR UPDATE";
/// As [`LOCK`], for partitions below one that is held already: to wait for them could last for ever.
pub(crate) const LOCK_NOW: &str = "SELECT partition, version, next_offset, next_number, \
     (SELECT version FROM access_version WHERE partition = 0) AS access FROM heads \
     WHERE partition = ANY($1::smallint[]) ORDER BY partition FOR UPDATE NOWAIT";
/// Where all partitions stand.
pub(crate) const HEADS: &str = "SELECT partition, version, next_offset, next_number, \
     (SELECT version FROM access_version WHERE partition = 0) AS access FROM heads \
     ORDER BY partition";

/// The version of the API keys by itself, where no head is asked for.
pub(crate) const ACCESS_VERSION: &str = "SELECT version FROM access_version WHERE partition = 0";

/// Makes a statement of the process's whole life.
fn sql(text: String) -> &'static str {
    text.leak()
}

/// Products by SKU.
pub(crate) static PRODUCTS: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT p.partition, p.number, {PRODUCT} FROM unnest($1::smallint[], $2::text[]) AS k (partition, sku) \
         JOIN products p ON p.partition = k.partition AND p.sku = k.sku"
    ))
});
/// Their batches with free units.
pub(crate) static OPEN_BATCHES: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {BATCH} FROM unnest($1::smallint[], $2::text[]) AS k (partition, sku) \
         JOIN products p ON p.partition = k.partition AND p.sku = k.sku \
         JOIN batches b ON b.partition = p.partition AND b.product = p.number AND b.open = 1"
    ))
});
/// Their batches without free units that lines hold.
pub(crate) static HELD_BATCHES: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {BATCH} FROM unnest($1::smallint[], $2::text[]) AS k (partition, sku) \
         JOIN products p ON p.partition = k.partition AND p.sku = k.sku \
         JOIN batches b ON b.partition = p.partition AND b.product = p.number AND b.open = 2"
    ))
});
/// The batches with free units of products by number.
pub(crate) static OPEN_BATCHES_OF: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {BATCH} FROM unnest($1::smallint[], $2::bigint[]) AS k (partition, number) \
         JOIN products p ON p.partition = k.partition AND p.number = k.number \
         JOIN batches b ON b.partition = p.partition AND b.product = p.number AND b.open = 1"
    ))
});
/// Batches by number.
pub(crate) static BATCHES: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {BATCH} FROM unnest($1::smallint[], $2::bigint[]) AS k (partition, number) \
         JOIN batches b ON b.partition = k.partition AND b.number = k.number {PRODUCT_OF_B}"
    ))
});
/// Batches by reference.
pub(crate) static NAMED_BATCHES: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {BATCH} FROM unnest($1::smallint[], $2::text[]) AS k (partition, reference) \
         JOIN batch_names n ON n.partition = k.partition AND n.reference = k.reference \
         JOIN batches b ON b.partition = n.home AND b.number = n.number {PRODUCT_OF_B}"
    ))
});
/// The batches of shipments.
pub(crate) static CARGO: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {BATCH} FROM unnest($1::smallint[], $2::text[]) AS k (partition, shipment) \
         JOIN cargo c ON c.partition = k.partition AND c.shipment = k.shipment \
         JOIN batches b ON b.partition = c.home AND b.number = c.number {PRODUCT_OF_B}"
    ))
});
/// Shipments by reference.
pub(crate) static SHIPMENTS: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {SHIPMENT} FROM unnest($1::smallint[], $2::text[]) AS k (partition, reference) \
         JOIN shipments s ON s.partition = k.partition AND s.reference = k.reference"
    ))
});
/// Lines by order and line id.
pub(crate) static LINES: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {LINE} FROM unnest($1::smallint[], $2::text[], $3::text[]) AS k (partition, order_id, line_id) \
         JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id AND v.line_id = k.line_id \
         JOIN lines l ON l.partition = v.home AND l.number = v.number {PRODUCT_OF_L}"
    ))
});
/// The lines of orders.
pub(crate) static LINES_OF_ORDERS: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {LINE} FROM unnest($1::smallint[], $2::text[]) AS k (partition, order_id) \
         JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id \
         JOIN lines l ON l.partition = v.home AND l.number = v.number {PRODUCT_OF_L}"
    ))
});
/// What was said when orders were placed.
pub(crate) const PLACED: &str = "SELECT o.order_id, o.deliver, o.lines \
     FROM unnest($1::smallint[], $2::text[]) AS k (partition, order_id) \
     JOIN orders o ON o.partition = k.partition AND o.order_id = k.order_id";
/// Remembered answers.
pub(crate) const ANSWERS: &str = "SELECT a.id, a.command, a.answer, a.time \
     FROM unnest($1::smallint[], $2::text[]) AS k (partition, id) \
     JOIN answers a ON a.partition = k.partition AND a.id = k.id";

/// The rank of a line among those pegged to a batch, as the index `lines_pegged` has it.
pub(crate) const SHORTAGE: &str =
    "(9 - l.priority - CASE WHEN l.dispatched > 0 THEN 10 ELSE 0 END)";
/// Its promise there.
pub(crate) const PROMISE: &str = "coalesce(l.current, DATE '9999-12-31')";

/// The first lines pegged to batches: backwards through the index of those that one batch holds whole, and through
/// the parts of the others. The last column says of which range.
pub(crate) static PEGGED: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {LINE}, k.range FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::date[], $5::bigint[], \
              $6::bigint[]) WITH ORDINALITY AS k (partition, batch, shortage, promise, number, most, range) \
         CROSS JOIN LATERAL ( \
             (SELECT {SHORTAGE} AS shortage, {PROMISE} AS promise, l.number FROM lines l \
               WHERE l.partition = k.partition AND l.batch = k.batch \
                 AND ({SHORTAGE}, {PROMISE}, l.number) < (k.shortage, k.promise, k.number) \
               ORDER BY {SHORTAGE} DESC, {PROMISE} DESC, l.number DESC LIMIT k.most) \
             UNION ALL \
             (SELECT t.shortage, t.promise, t.number FROM line_parts t \
               WHERE t.partition = k.partition AND t.batch = k.batch \
                 AND (t.shortage, t.promise, t.number) < (k.shortage, k.promise, k.number) \
               ORDER BY t.shortage DESC, t.promise DESC, t.number DESC LIMIT k.most) \
             ORDER BY shortage DESC, promise DESC, number DESC LIMIT k.most) AS f \
         JOIN lines l ON l.partition = k.partition AND l.number = f.number {PRODUCT_OF_L} \
         ORDER BY k.range, f.shortage DESC, f.promise DESC, f.number DESC"
    ))
});
/// As [`PEGGED`], only with promises later than a day: from rank to rank, each with a look at the index.
pub(crate) static PEGGED_LATER: LazyLock<&str> = LazyLock::new(|| {
    let end = "CASE WHEN r.rank = k.shortage THEN k.promise ELSE DATE 'infinity' END, \
               CASE WHEN r.rank = k.shortage THEN k.number ELSE 9223372036854775807 END";
    sql(format!(
        "SELECT {LINE}, k.range FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::date[], $5::bigint[], \
              $6::bigint[], $7::date[]) \
              WITH ORDINALITY AS k (partition, batch, shortage, promise, number, most, later_than, range) \
         CROSS JOIN LATERAL ( \
             SELECT t.shortage, t.promise, t.number \
               FROM generate_series(least(k.shortage, 9), -10, -1) AS r (rank) \
               CROSS JOIN LATERAL ( \
                   (SELECT {SHORTAGE} AS shortage, {PROMISE} AS promise, l.number FROM lines l \
                     WHERE l.partition = k.partition AND l.batch = k.batch AND {SHORTAGE} = r.rank \
                       AND {PROMISE} > k.later_than AND ({PROMISE}, l.number) < ({end}) \
                     ORDER BY {PROMISE} DESC, l.number DESC LIMIT k.most) \
                   UNION ALL \
                   (SELECT t.shortage, t.promise, t.number FROM line_parts t \
                     WHERE t.partition = k.partition AND t.batch = k.batch AND t.shortage = r.rank \
                       AND t.promise > k.later_than AND (t.promise, t.number) < ({end}) \
                     ORDER BY t.promise DESC, t.number DESC LIMIT k.most)) AS t \
              ORDER BY t.shortage DESC, t.promise DESC, t.number DESC LIMIT k.most) AS f \
         JOIN lines l ON l.partition = k.partition AND l.number = f.number {PRODUCT_OF_L} \
         ORDER BY k.range, f.shortage DESC, f.promise DESC, f.number DESC"
    ))
});

/// The rank of a line in a queue, as the indexes have it.
const RANK: &str = "(9 - l.priority)";
/// The requested date of a line that waits, as the indexes of those have it.
const WANTED: &str = "coalesce(l.requested, DATE '9999-12-31')";

/// The first lines that wait for products, whatever they want, for a reader. The last column says of which queue.
pub(crate) static QUEUES: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {LINE}, k.range FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::date[], $5::bigint[], \
              $6::bigint[]) WITH ORDINALITY AS k (partition, product, rank, wanted, number, most, range) \
         CROSS JOIN LATERAL ( \
             SELECT l.* FROM lines l \
              WHERE l.status = 1 AND l.partition = k.partition AND l.product = k.product \
                AND ({RANK}, {WANTED}, l.number) > (k.rank, k.wanted, k.number) \
              ORDER BY {RANK}, {WANTED}, l.number LIMIT k.most) AS l {PRODUCT_OF_L} \
         ORDER BY k.range, {RANK}, {WANTED}, l.number"
    ))
});

/// The list of locations that a line names, as the index `lines_waiting_at` has it: its first 200 characters.
const PLACES: &str = "left(coalesce(l.locations, '-'), 200)";
/// The least units that a line must get, as the indexes have it.
const LEAST: &str = "(CASE WHEN l.split THEN 0 ELSE l.quantity - l.dispatched END)";

/// The first lines that wait for products and fit. The last column says of which range.
///
/// For each range first the lists of locations which its lines name, one by one, each with a look at the index. Of each,
/// what there is (`$7` has it by location, with that of all goods under the empty name, and for each the most of one batch
/// and the sum): of a list that is not there in full, anything. Then the lines of those where there is anything.
pub(crate) static WAITING: LazyLock<&str> = LazyLock::new(|| {
    let of_product = "l.status = 1 AND l.partition = k.partition AND l.product = k.product";
    sql(format!(
        "SELECT {LINE}, k.range FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::date[], $5::bigint[], \
              $6::bigint[], $7::text[]) \
              WITH ORDINALITY AS k (partition, product, rank, wanted, number, most, room, range) \
         CROSS JOIN LATERAL ( \
             WITH RECURSIVE lists (places) AS ( \
                 (SELECT {PLACES} FROM lines l WHERE {of_product} ORDER BY {PLACES} LIMIT 1) \
                 UNION ALL \
                 SELECT (SELECT {PLACES} FROM lines l WHERE {of_product} AND {PLACES} > lists.places \
                          ORDER BY {PLACES} LIMIT 1) FROM lists WHERE lists.places IS NOT NULL) \
             SELECT l.* FROM lists \
             CROSS JOIN LATERAL ( \
                 SELECT coalesce(max((k.room::jsonb -> place.name ->> 0)::bigint), 0) AS largest, \
                        coalesce(sum((k.room::jsonb -> place.name ->> 1)::bigint), 0) AS total \
                   FROM jsonb_array_elements_text(CASE WHEN lists.places = '-' OR char_length(lists.places) = 200 \
                            THEN '[\"\"]' ELSE lists.places END::jsonb) AS place (name)) AS units \
             CROSS JOIN LATERAL ( \
                 SELECT l.* FROM lines l \
                  WHERE {of_product} AND {PLACES} = lists.places AND units.total > 0 \
                    AND ({RANK}, {WANTED}, l.number) > (k.rank, k.wanted, k.number) \
                    AND {LEAST} <= units.largest AND (NOT l.split OR l.quantity - l.dispatched <= units.total) \
                  ORDER BY {RANK}, {WANTED}, l.number LIMIT k.most) AS l \
             WHERE lists.places IS NOT NULL \
             ORDER BY {RANK}, {WANTED}, l.number LIMIT k.most) AS l {PRODUCT_OF_L} \
         ORDER BY k.range, {RANK}, {WANTED}, l.number"
    ))
});
/// The first late lines of products of which nothing has left: those with a later promise than a day, for at most so many
/// units. The last column says of which range.
pub(crate) static LATE: LazyLock<&str> = LazyLock::new(|| {
    sql(format!(
        "SELECT {LINE}, k.range FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::date[], $5::bigint[], \
              $6::bigint[], $7::date[], $8::bigint[]) \
              WITH ORDINALITY AS k (partition, product, rank, original, number, most, later_than, at_most, range) \
         CROSS JOIN LATERAL ( \
             SELECT l.* FROM lines l \
              WHERE l.status = 0 AND l.current > l.original AND l.dispatched = 0 AND l.partition = k.partition \
                AND l.product = k.product AND ({RANK}, l.original, l.number) > (k.rank, k.original, k.number) \
                AND l.current > k.later_than AND {LEAST} <= k.at_most \
              ORDER BY {RANK}, l.original, l.number LIMIT k.most) AS l {PRODUCT_OF_L} \
         ORDER BY k.range, {RANK}, l.original, l.number"
    ))
});

/// All statements that load, for a connection to prepare.
pub(crate) fn statements() -> Vec<&'static str> {
    vec![
        LOCK,
        LOCK_NOW,
        HEADS,
        ACCESS_VERSION,
        *PRODUCTS,
        *OPEN_BATCHES,
        *HELD_BATCHES,
        *OPEN_BATCHES_OF,
        *BATCHES,
        *NAMED_BATCHES,
        *CARGO,
        *SHIPMENTS,
        *LINES,
        *LINES_OF_ORDERS,
        PLACED,
        ANSWERS,
        *PEGGED,
        *PEGGED_LATER,
        *WAITING,
        *LATE,
    ]
}
