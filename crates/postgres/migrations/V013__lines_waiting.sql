-- The queue of each product: by priority, then the requested date (none: last), then age. The last column is the
-- least that the line must get, so that one that is too large is passed over without a look. Lines that do not wait
-- pay nothing for it.
CREATE INDEX lines_waiting ON lines (partition, product, (9 - priority), coalesce(requested, DATE '9999-12-31'), number,
    (CASE WHEN split THEN 0 ELSE quantity - dispatched END)) WHERE status = 1;
