-- The queue of each product, apart for each list of locations: whoever has goods at one place finds the lines that these
-- could serve without a look at the others. There are few lists: shops have few places, and prefer them in few orders.
-- '-': any location. The beginning of a list does for all of it, because an index has no room for long ones. The last
-- column is as that of lines_waiting.
CREATE INDEX lines_waiting_at ON lines (partition, product, left(coalesce(locations, '-'), 200), (9 - priority),
    coalesce(requested, DATE '9999-12-31'), number, (CASE WHEN split THEN 0 ELSE quantity - dispatched END))
    WHERE status = 1;
