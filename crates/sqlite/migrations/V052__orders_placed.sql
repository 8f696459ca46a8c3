-- The offset of the event that says so.
ALTER TABLE orders ADD COLUMN placed INTEGER;
