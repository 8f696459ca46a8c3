//! What nearly every group of commands changes, in one statement: counters of products, units of batches, what is
//! available, new lines with their rows in the directory, events, and the heads.
//!
//! A statement costs the database and the client more than the rows of a small group do, so there is one for all of
//! them. What there is none of comes as empty arrays. Its parts touch different rows, so that their order does not
//! matter.

use landfall_service::store::Changes;

use super::{Write, heads, log, supply};
use crate::codes::Id;
use crate::error::Fault;
use crate::trip::{Param, Trip};

/// A day that had no units perhaps has no row in `availability` yet. Products and heads must be as they were loaded.
/// The commit is noted at the first of its heads.
pub(super) const GROUP: &str = "WITH counted AS ( \
         UPDATE products p SET version = k.version, backordered = k.backordered, late = k.late \
           FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
                AS k (partition, number, version, backordered, late, before) \
          WHERE p.partition = k.partition AND p.number = k.number AND p.version = k.before RETURNING 1), \
     moved AS ( \
         UPDATE batches b SET purchased = k.purchased, allocated = k.allocated, dispatched = k.dispatched, open = k.open \
           FROM unnest($7::smallint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], \
                $13::smallint[]) \
                AS k (partition, number, product, purchased, allocated, dispatched, open) \
          WHERE b.partition = k.partition AND b.number = k.number AND b.product = k.product RETURNING 1), \
     available AS ( \
         INSERT INTO availability (partition, product, day, units) \
         SELECT * FROM unnest($14::smallint[], $15::bigint[], $16::date[], $17::bigint[]) \
             ON CONFLICT (partition, product, day) DO UPDATE SET units = excluded.units), \
     k AS MATERIALIZED ( \
         SELECT * FROM unnest($18::smallint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], \
             $23::smallint[], $24::boolean[], $25::date[], $26::date[], $27::bigint[], $28::text[], $29::smallint[], \
             $30::text[], $31::text[], $32::text[], $33::bigint[], $34::smallint[], $35::smallint[], $36::boolean[], \
             $37::smallint[], $38::date[], $39::bigint[], $40::text[], $41::smallint[]) \
             AS k (home, number, product, quantity, dispatched, status, cancelled, original, current, batch, parts, \
             partition, order_id, line_id, sku, accepted, priority, policy, split, if_short, requested, \
             first_quantity, locations, deliver)), \
     shown AS ( \
         INSERT INTO order_view (number, quantity, dispatched, batch, requested, original, current, partition, home, \
                status, priority, policy, deliver, order_id, line_id, sku, parts) \
         SELECT number, quantity, coalesce(dispatched, 0), batch, requested, original, current, partition, home, \
                coalesce(status, 0), priority, coalesce(policy, 0), coalesce(deliver, 0), order_id, line_id, sku, \
                parts FROM k), \
     accepted AS ( \
         INSERT INTO lines (number, product, quantity, dispatched, first_quantity, batch, accepted, requested, \
                original, current, partition, status, priority, policy, if_short, deliver, cancelled, split, \
                order_id, line_id, parts, locations) \
         SELECT number, product, quantity, coalesce(dispatched, 0), coalesce(first_quantity, quantity), batch, \
                accepted, requested, original, current, home, coalesce(status, 0), priority, coalesce(policy, 0), \
                coalesce(if_short, 0), coalesce(deliver, 0), coalesce(cancelled, false), coalesce(split, false), \
                order_id, line_id, parts, locations FROM k), \
     told AS ( \
         INSERT INTO events (partition, \"offset\", time, type, sku, actor, command_id, data) \
         SELECT * FROM unnest($42::smallint[], $43::bigint[], $44::timestamptz[], $45::text[], $46::text[], \
             $47::text[], $48::text[], $49::text[])), \
     advanced AS ( \
         UPDATE heads h SET version = k.version, next_offset = k.next_offset, next_number = k.next_number \
           FROM unnest($50::smallint[], $51::bigint[], $52::bigint[], $53::bigint[], $54::bigint[]) \
                AS k (partition, before, version, next_offset, next_number) \
          WHERE h.partition = k.partition AND h.version = k.before RETURNING 1), \
     noted AS ( \
         INSERT INTO commits (partition, slot, version, id) \
         VALUES ($55::smallint, $56::smallint, $57::bigint, $58::uuid) \
             ON CONFLICT (partition, slot) DO UPDATE SET version = excluded.version, id = excluded.id) \
     SELECT 1 / (CASE WHEN (SELECT count(*) FROM counted) = cardinality($1::smallint[]) \
                       AND (SELECT count(*) FROM moved) = cardinality($7::smallint[]) \
                       AND (SELECT count(*) FROM advanced) = cardinality($50::smallint[]) THEN 1 ELSE 0 END)";

/// Adds the statement, where there is anything to write but answers.
pub(super) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    supply: supply::Common<'a>,
    new_lines: Vec<Param<'a>>,
    id: Id,
) -> Result<(), Fault> {
    let Some(note) = heads::note(&changes.heads, id) else {
        return Ok(());
    };
    let mut params = supply.products;
    params.extend(supply.units);
    params.extend(supply.availability);
    params.extend(new_lines);
    params.extend(log::columns(&changes.events)?);
    params.extend(heads::columns(&changes.heads));
    params.extend(note);
    trip.ask(Write::Group, GROUP, params);
    Ok(())
}
