-- The late lines of each product, in the order in which they are pulled back: by priority, then the original
-- promise, then age. Lines that are not late pay nothing for it.
CREATE INDEX lines_late ON lines (product, rank, original, age) WHERE status = 0 AND current > original;
