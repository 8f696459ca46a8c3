-- Orders with a line that waits, by id.
CREATE INDEX lines_waiting_by_order ON lines (order_id) WHERE status = 1;
