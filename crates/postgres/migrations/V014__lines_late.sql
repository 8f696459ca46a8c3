-- The late lines of each product, in the order in which they are pulled back: by priority, then the original
-- promise, then age.
CREATE INDEX lines_late ON lines (partition, product, (9 - priority), original, number)
    WHERE status = 0 AND current > original;
