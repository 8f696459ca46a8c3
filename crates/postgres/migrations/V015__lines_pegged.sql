-- The lines that one batch holds whole. Read backwards it is the order in which a shortage takes stock away: lines of
-- which a part has left last, the lowest priority, the latest promise, the newest line.
CREATE INDEX lines_pegged ON lines (partition, batch, (9 - priority - CASE WHEN dispatched > 0 THEN 10 ELSE 0 END),
    coalesce(current, DATE '9999-12-31'), number) WHERE batch IS NOT NULL;
