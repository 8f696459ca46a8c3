ALTER TABLE batches ADD COLUMN shipment_hold_note TEXT;
