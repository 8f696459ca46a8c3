-- Orders with a line that waits, by id.
CREATE INDEX order_view_waiting ON order_view (partition, order_id) WHERE status = 1;
