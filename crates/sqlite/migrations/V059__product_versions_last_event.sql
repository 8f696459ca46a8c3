-- The offset of the product's last event, the end of that chain; NULL: all its events are in the table history.
ALTER TABLE product_versions ADD COLUMN last_event INTEGER;
