-- The reference of the shipment that carries the batch.
ALTER TABLE batches ADD COLUMN shipment TEXT;
