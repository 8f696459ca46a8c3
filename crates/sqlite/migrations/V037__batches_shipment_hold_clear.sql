ALTER TABLE batches ADD COLUMN shipment_hold_clear INTEGER;
