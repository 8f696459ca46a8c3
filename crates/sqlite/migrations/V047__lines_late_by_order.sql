-- Orders with a late line, by id.
CREATE INDEX lines_late_by_order ON lines (order_id) WHERE status = 0 AND current > original;
