-- The late lines of each product of which nothing has left, in the order in which they are pulled back. The last
-- columns are there so that a line that goods could not serve is skipped without a look. (Versions before this schema go
-- by lines_late, which has those of which a part has left as well.)
CREATE INDEX lines_late_unlocked ON lines (partition, product, (9 - priority), original, number, current,
    (CASE WHEN split THEN 0 ELSE quantity - dispatched END))
    WHERE status = 0 AND current > original AND dispatched = 0;
