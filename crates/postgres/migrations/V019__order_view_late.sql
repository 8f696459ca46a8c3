-- Orders with a late line, by id.
CREATE INDEX order_view_late ON order_view (partition, order_id) WHERE status = 0 AND current > original;
