//! What nearly every group of commands changes, in one statement: counters of products, units of batches, what is
//! available, new lines with their rows in the directory, their parts and their history, events, answers, and the heads. It
//! is all that a group of new lines of known products writes, so that such a group is a transaction by itself.
//!
//! A statement costs the database and the client more than the rows of a small group do, so there is one for all of
//! them. What there is none of comes as empty arrays. Its parts touch different rows, so that their order does not
//! matter. Its rows are made of arrays in the list of a SELECT: there they are taken apart in step, while in FROM each
//! would be written to a table of its own first.

use std::sync::LazyLock;

use landfall_service::store::Changes;

use super::{Basis, Write, heads, lines, log, supply};
use crate::codes::Id;
use crate::trip::Trip;

/// What every group has. A day that had no units perhaps has no row in `availability` yet. Products and heads must be as they
/// were loaded. The commit is noted at the first of its heads.
const ALWAYS: &str = "WITH counted AS ( UPDATE products p SET version = k.version, backordered = k.backordered, late = k.late FROM \
         (SELECT unnest($1::smallint[]) AS partition, unnest($2::bigint[]) AS number, unnest($3::bigint[]) AS \
         version, unnest($4::bigint[]) AS backordered, unnest($5::bigint[]) AS late, unnest($6::bigint[]) AS before) \
         AS k WHERE p.partition = k.partition AND p.number = k.number AND p.version = k.before RETURNING 1), \
     moved AS ( UPDATE batches b SET purchased = k.purchased, allocated = k.allocated, dispatched = k.dispatched, \
         open = k.open FROM (SELECT unnest($7::smallint[]) AS partition, unnest($8::bigint[]) AS number, \
         unnest($9::bigint[]) AS product, unnest($10::bigint[]) AS purchased, unnest($11::bigint[]) AS allocated, \
         unnest($12::bigint[]) AS dispatched, unnest($13::smallint[]) AS open) AS k WHERE b.partition = k.partition \
         AND b.number = k.number AND b.product = k.product RETURNING 1), \
     available AS ( INSERT INTO availability (partition, product, day, units) SELECT unnest($14::smallint[]), \
         unnest($15::bigint[]), unnest($16::date[]), unnest($17::bigint[]) ON CONFLICT (partition, product, day) DO \
         UPDATE SET units = excluded.units), \
     k AS MATERIALIZED ( SELECT unnest($18::smallint[]) AS home, unnest($19::bigint[]) AS number, \
         unnest($20::bigint[]) AS product, unnest($21::bigint[]) AS quantity, unnest($22::bigint[]) AS dispatched, \
         unnest($23::smallint[]) AS status, unnest($24::boolean[]) AS cancelled, unnest($25::date[]) AS original, \
         unnest($26::date[]) AS current, unnest($27::bigint[]) AS batch, unnest($28::text[]) AS parts, \
         unnest($29::smallint[]) AS partition, unnest($30::text[]) AS order_id, unnest($31::text[]) AS line_id, \
         unnest($32::text[]) AS sku, unnest($33::bigint[]) AS accepted, unnest($34::smallint[]) AS priority, \
         unnest($35::smallint[]) AS policy, unnest($36::boolean[]) AS split, unnest($37::smallint[]) AS if_short, \
         unnest($38::date[]) AS requested, unnest($39::bigint[]) AS first_quantity, unnest($40::text[]) AS locations, \
         unnest($41::smallint[]) AS deliver), \
     shown AS ( INSERT INTO order_view (number, quantity, dispatched, batch, requested, original, current, \
         partition, home, status, priority, policy, deliver, order_id, line_id, sku, parts) SELECT number, quantity, \
         coalesce(dispatched, 0), batch, requested, original, current, partition, home, coalesce(status, 0), \
         priority, coalesce(policy, 0), coalesce(deliver, 0), order_id, line_id, sku, parts FROM k), \
     accepted AS ( INSERT INTO lines (number, product, quantity, dispatched, first_quantity, batch, accepted, \
         requested, original, current, partition, status, priority, policy, if_short, deliver, cancelled, split, \
         order_id, line_id, parts, locations) SELECT number, product, quantity, coalesce(dispatched, 0), \
         coalesce(first_quantity, quantity), batch, accepted, requested, original, current, home, coalesce(status, \
         0), priority, coalesce(policy, 0), coalesce(if_short, 0), coalesce(deliver, 0), coalesce(cancelled, false), \
         coalesce(split, false), order_id, line_id, parts, locations FROM k), \
     told AS ( INSERT INTO events (partition, \"offset\", time, type, sku, actor, command_id, data) SELECT \
         unnest($42::smallint[]), unnest($43::bigint[]), unnest($44::timestamptz[]), unnest($45::text[]), \
         unnest($46::text[]), unnest($47::text[]), unnest($48::text[]), unnest($49::text[])), \
     advanced AS ( UPDATE heads h SET version = k.version, next_offset = k.next_offset, next_number = \
         k.next_number FROM (SELECT unnest($50::smallint[]) AS partition, unnest($51::bigint[]) AS before, \
         unnest($52::bigint[]) AS version, unnest($53::bigint[]) AS next_offset, unnest($54::bigint[]) AS \
         next_number) AS k WHERE h.partition = k.partition AND h.version = k.before RETURNING 1), \
     noted AS ( INSERT INTO commits (partition, slot, version, id) VALUES ($55::smallint, $56::smallint, \
         $57::bigint, $58::uuid) ON CONFLICT (partition, slot) DO UPDATE SET version = excluded.version, id = \
         excluded.id)";
/// What some have: split lines, events of new lines besides those that accept them, answers to remember. Each part costs the
/// database some microseconds, also where it writes nothing.
const SOMETIMES: &str = ", parted AS ( INSERT INTO line_parts (partition, batch, shortage, promise, number, units) SELECT \
         unnest($64::smallint[]), unnest($65::bigint[]), unnest($66::smallint[]), unnest($67::date[]), \
         unnest($68::bigint[]), unnest($69::bigint[])), \
     entered AS ( INSERT INTO history (partition, kind, thing, \"offset\") SELECT unnest($70::smallint[]), 3, \
         unnest($71::bigint[]), unnest($72::bigint[])), \
     remembered AS ( INSERT INTO answers (partition, id, command, answer, time) SELECT unnest($73::smallint[]), \
         unnest($74::text[]), unnest($75::text[]), unnest($76::text[]), unnest($77::timestamptz[]))";
/// What else [`Basis`] says is looked at first, for that needs no waiting: all of a statement sees the same moment. Then the
/// heads are advanced, before anything else: where nothing was locked before, that takes the partitions, in the order in
/// which they are given; and then it may be too late for it. It tells the database's time.
const OUTCOME: &str = " SELECT 1 / (CASE WHEN $60::smallint IS NOT NULL AND NOT EXISTS (SELECT FROM commits WHERE partition = \
         $60::smallint AND slot = $61::smallint AND id = $62::uuid) THEN 0 \
         WHEN $59::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM access_version WHERE partition = 0 AND version = \
         $59::bigint) THEN 0 \
         WHEN (SELECT count(*) FROM advanced) <> cardinality($50::smallint[]) THEN 0 \
         WHEN $63::timestamptz IS NOT NULL AND clock_timestamp() >= $63::timestamptz THEN 0 \
         WHEN (SELECT count(*) FROM counted) = cardinality($1::smallint[]) AND (SELECT count(*) FROM moved) = \
         cardinality($7::smallint[]) THEN 1 ELSE 0 END), clock_timestamp()";

/// The statement for a group that has only what every group has.
static PLAIN: LazyLock<String> = LazyLock::new(|| [ALWAYS, OUTCOME].concat());
/// The statement for any group.
static WHOLE: LazyLock<String> = LazyLock::new(|| [ALWAYS, SOMETIMES, OUTCOME].concat());

/// Both, for a connection to prepare.
pub(super) fn statements() -> [&'static str; 2] {
    [&PLAIN, &WHOLE]
}

/// Adds the statement, where any head is advanced: all else is nothing but answers.
pub(super) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    supply: supply::Common<'a>,
    lines: lines::Common<'a>,
    log: log::Common<'a>,
    id: Id,
    basis: Basis,
) {
    let Some(note) = heads::Noted::of(&changes.heads, id) else {
        return;
    };
    let mut params = supply.products;
    params.extend(supply.units);
    params.extend(supply.availability);
    params.extend(lines.new);
    params.extend(log.events);
    params.extend(heads::columns(&changes.heads));
    params.extend(note.params());
    params.extend(basis.params());
    if !(lines.any_parts || log.any_histories || log.any_answers) {
        trip.ask(Write::Group, &PLAIN, params);
        return;
    }
    params.extend(lines.parts);
    params.extend(log.histories);
    params.extend(log.answers);
    trip.ask(Write::Group, &WHOLE, params);
}
