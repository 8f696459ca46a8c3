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

use super::{Basis, Write, availability, heads, lines, log, supply};
use crate::codes::Id;
use crate::error::Fault;
use crate::trip::{Trip, param};

/// What every group has. Products and heads must be as they were loaded. The commit is noted at the first of its heads.
const ALWAYS: &str = "WITH available AS ( UPDATE availability a SET units = k.units, room = NULL FROM (SELECT unnest(coalesce($9::smallint[], $1::smallint[])) AS \
         partition, unnest(coalesce($10::bigint[], $2::bigint[])) AS product, unnest($11::date[]) AS day, unnest($12::bigint[]) AS units) AS k WHERE \
         a.partition = k.partition AND a.product = k.product AND a.day = k.day), \
     advanced AS ( UPDATE heads h SET version = k.version, next_offset = k.next_offset, next_number = \
         k.next_number FROM (SELECT unnest($25::smallint[]) AS partition, unnest($26::bigint[]) AS before, \
         unnest($27::bigint[]) AS version, unnest($28::bigint[]) AS next_offset, unnest($29::bigint[]) AS \
         next_number) AS k WHERE h.partition = k.partition AND h.version = k.before RETURNING 1), \
     noted AS ( INSERT INTO commits (partition, slot, version, id) VALUES ($30::smallint, $31::smallint, \
         $32::bigint, $33::uuid) ON CONFLICT (partition, slot) DO UPDATE SET version = excluded.version, id = \
         excluded.id), \
     k AS MATERIALIZED ( SELECT unnest($13::smallint[]) AS home, unnest($14::bigint[]) AS number, \
         unnest($15::bigint[]) AS product, unnest($16::bigint[]) AS quantity, unnest($17::date[]) AS original, \
         unnest(coalesce($18::date[], $17::date[])) AS current, unnest($19::bigint[]) AS batch, unnest($20::smallint[]) AS partition, \
         unnest($21::text[]) AS order_id, unnest($22::text[]) AS line_id, unnest($23::text[]) AS sku, \
         unnest($24::bigint[]) AS accepted";
/// What changes of products and batches when lines are allocated, and no more than that; new lines that are as most are:
/// allocated to one batch each, on the usual terms; and the events that say so, which have most of their columns from the lines.
const USUAL: &str = ", unnest($40::text[]) AS actor, unnest($41::text[]) AS command_id, unnest($42::text[]) AS data), \
     told AS ( INSERT INTO events (partition, \"offset\", time, type, sku, actor, command_id, data) SELECT home, accepted, \
         $39::timestamptz, 'Allocated', sku, actor, command_id, data FROM k), \
     counted AS ( UPDATE products p SET version = k.version, room = NULL FROM \
         (SELECT unnest($1::smallint[]) AS partition, unnest($2::bigint[]) AS number, unnest($3::bigint[]) AS \
         version, unnest($4::bigint[]) AS before) \
         AS k WHERE p.partition = k.partition AND p.number = k.number AND p.version = k.before RETURNING 1), \
     moved AS ( UPDATE batches b SET allocated = k.allocated, room = NULL FROM (SELECT unnest(coalesce($5::smallint[], $1::smallint[])) AS partition, \
         unnest($6::bigint[]) AS number, unnest(coalesce($7::bigint[], $2::bigint[])) AS product, unnest($8::bigint[]) AS allocated) AS k \
         WHERE b.partition = k.partition AND b.number = k.number AND b.product = k.product RETURNING 1), \
     shown AS ( INSERT INTO order_view (number, quantity, dispatched, batch, original, current, partition, home, \
         status, priority, policy, deliver, order_id, line_id, sku) SELECT number, quantity, 0, batch, original, \
         current, partition, home, 0, 5, 0, 0, order_id, coalesce(line_id, sku), sku FROM k), \
     accepted AS ( INSERT INTO lines (number, product, quantity, dispatched, first_quantity, batch, accepted, \
         original, current, partition, status, priority, policy, if_short, deliver, cancelled, split, order_id, \
         line_id) SELECT number, product, quantity, 0, quantity, batch, accepted, original, current, home, 0, 5, 0, \
         0, 0, false, false, order_id, coalesce(line_id, sku) FROM k)";
/// Any new lines and events, whatever changes of the counters of products and the units of batches, and what some groups have: parts of
/// split lines, events of new lines besides those that accept them, answers to remember, days that had nothing available and
/// perhaps no row. Each part costs the database some microseconds, and so does each column, also where it says nothing new.
const ANY: &str = ", unnest($65::bigint[]) AS dispatched, unnest($66::smallint[]) AS status, unnest($67::boolean[]) AS cancelled, \
         unnest($68::text[]) AS parts, unnest($69::smallint[]) AS priority, unnest($70::smallint[]) AS policy, \
         unnest($71::boolean[]) AS split, unnest($72::smallint[]) AS if_short, unnest($73::date[]) AS requested, \
         unnest($74::bigint[]) AS first_quantity, unnest($75::text[]) AS locations, unnest($76::smallint[]) AS \
         deliver), \
     told AS ( INSERT INTO events (partition, \"offset\", time, type, sku, actor, command_id, data) SELECT \
         unnest($39::smallint[]), unnest($40::bigint[]), unnest($41::timestamptz[]), unnest($42::text[]), \
         unnest($43::text[]), unnest($44::text[]), unnest($45::text[]), unnest($46::text[])), \
     counted AS ( UPDATE products p SET version = k.version, backordered = k.backordered, late = k.late, room = NULL FROM \
         (SELECT unnest($1::smallint[]) AS partition, unnest($2::bigint[]) AS number, unnest($3::bigint[]) AS \
         version, unnest($4::bigint[]) AS before, unnest($77::bigint[]) AS backordered, unnest($78::bigint[]) AS late) \
         AS k WHERE p.partition = k.partition AND p.number = k.number AND p.version = k.before RETURNING 1), \
     moved AS ( UPDATE batches b SET purchased = k.purchased, allocated = k.allocated, dispatched = k.dispatched, \
         open = k.open, room = NULL FROM (SELECT unnest(coalesce($5::smallint[], $1::smallint[])) AS partition, unnest($6::bigint[]) AS number, \
         unnest(coalesce($7::bigint[], $2::bigint[])) AS product, unnest($8::bigint[]) AS allocated, unnest($79::bigint[]) AS purchased, \
         unnest($80::bigint[]) AS dispatched, unnest($81::smallint[]) AS open) AS k WHERE b.partition = k.partition \
         AND b.number = k.number AND b.product = k.product RETURNING 1), \
     shown AS ( INSERT INTO order_view (number, quantity, dispatched, batch, requested, original, current, \
         partition, home, status, priority, policy, deliver, order_id, line_id, sku, parts) SELECT number, quantity, \
         coalesce(dispatched, 0), batch, requested, original, current, partition, home, coalesce(status, 0), \
         coalesce(priority, 5), coalesce(policy, 0), coalesce(deliver, 0), order_id, coalesce(line_id, sku), sku, \
         parts FROM k), \
     accepted AS ( INSERT INTO lines (number, product, quantity, dispatched, first_quantity, batch, accepted, \
         requested, original, current, partition, status, priority, policy, if_short, deliver, cancelled, split, \
         order_id, line_id, parts, locations) SELECT number, product, quantity, coalesce(dispatched, 0), \
         coalesce(first_quantity, quantity), batch, accepted, requested, original, current, home, coalesce(status, \
         0), coalesce(priority, 5), coalesce(policy, 0), coalesce(if_short, 0), coalesce(deliver, 0), \
         coalesce(cancelled, false), coalesce(split, false), order_id, coalesce(line_id, sku), parts, locations FROM k), \
     parted AS ( INSERT INTO line_parts (partition, batch, shortage, promise, number, units) SELECT \
         unnest($47::smallint[]), unnest($48::bigint[]), unnest($49::smallint[]), unnest($50::date[]), \
         unnest($51::bigint[]), unnest($52::bigint[])), \
     entered AS ( INSERT INTO history (partition, kind, thing, \"offset\") SELECT unnest($53::smallint[]), 3, \
         unnest($54::bigint[]), unnest($55::bigint[])), \
     remembered AS ( INSERT INTO answers (partition, id, command, answer, time) SELECT unnest($56::smallint[]), \
         unnest($57::text[]), unnest($58::text[]), unnest($59::text[]), unnest($60::timestamptz[])), \
     promised AS ( INSERT INTO availability (partition, product, day, units, room) SELECT unnest($61::smallint[]), \
         unnest($62::bigint[]), unnest($63::date[]), unnest($64::bigint[]), repeat(' ', 45) ON CONFLICT (partition, product, day) DO \
         UPDATE SET units = excluded.units)";
/// What else [`Basis`] says is looked at first, for that needs no waiting: all of a statement sees the same moment. Then the
/// heads are advanced, before anything else: where nothing was locked before, that takes the partitions, in the order in
/// which they are given; and then it may be too late for it. It tells the database's time.
const OUTCOME: &str = " SELECT 1 / (CASE WHEN $35::smallint IS NOT NULL AND NOT EXISTS (SELECT FROM commits WHERE partition = \
         $35::smallint AND slot = $36::smallint AND id = $37::uuid) THEN 0 \
         WHEN $34::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM access_version WHERE partition = 0 AND version = \
         $34::bigint) THEN 0 \
         WHEN (SELECT count(*) FROM advanced) <> cardinality($25::smallint[]) THEN 0 \
         WHEN $38::timestamptz IS NOT NULL AND clock_timestamp() >= $38::timestamptz THEN 0 \
         WHEN (SELECT count(*) FROM counted) = cardinality($1::smallint[]) AND (SELECT count(*) FROM moved) = \
         cardinality($6::bigint[]) THEN 1 ELSE 0 END), clock_timestamp()";

/// The statement for a group that has nothing unusual.
static PLAIN: LazyLock<String> = LazyLock::new(|| [ALWAYS, USUAL, OUTCOME].concat());
/// The statement for any group.
static WHOLE: LazyLock<String> = LazyLock::new(|| [ALWAYS, ANY, OUTCOME].concat());

/// Both, for a connection to prepare.
pub(super) fn statements() -> [&'static str; 2] {
    [&PLAIN, &WHOLE]
}

/// The columns that it takes, by what they are of.
pub(super) struct Common<'a> {
    pub(super) supply: supply::Common<'a>,
    pub(super) availability: availability::Common<'a>,
    pub(super) lines: lines::Common<'a>,
    pub(super) log: log::Common<'a>,
}

/// Adds the statement, where any head is advanced: all else is nothing but answers.
pub(super) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    common: Common<'a>,
    id: Id,
    basis: Basis,
) -> Result<(), Fault> {
    let Some(note) = heads::Noted::of(&changes.heads, id) else {
        return Ok(());
    };
    let Common {
        supply,
        availability,
        lines,
        log,
    } = common;
    let mut params = vec![param(supply.homes), param(supply.numbers)];
    params.extend(supply.versions);
    params.extend(supply.units);
    params.extend(availability.there);
    params.extend(lines.new);
    params.extend(heads::columns(&changes.heads));
    params.extend(note.params());
    params.extend(basis.params());
    let any_unusual = supply.any_unusual
        || lines.any_unusual
        || lines.any_parts
        || log.any_histories
        || log.any_answers
        || availability.any_new;
    if let Some(accepted) = &lines.accepted
        && !any_unusual
        && log::only_allocates(&changes.events, accepted)
    {
        params.extend(log::columns_of_accepted(accepted)?);
        trip.ask(Write::Group, &PLAIN, params);
        return Ok(());
    }
    params.extend(log::columns(&changes.events)?);
    params.extend(lines.parts);
    params.extend(log.histories);
    params.extend(log.answers);
    params.extend(availability.new);
    params.extend(lines.unusual);
    params.extend(supply.more_of_products);
    params.extend(supply.more_of_units);
    trip.ask(Write::Group, &WHOLE, params);
    Ok(())
}
