-- Late lines by key, and so the orders that have one by id.
CREATE INDEX order_view_late ON order_view (partition, order_id, line_id) WHERE status = 0 AND current > original;
