-- The late lines of each product of which nothing has left, in the order in which they are pulled back. The last
-- columns are there so that a line that goods could not serve is skipped without a look.
CREATE INDEX lines_late_unlocked ON lines (product, rank, original, age, current, outstanding, split)
    WHERE status = 0 AND current > original AND dispatched = 0;
