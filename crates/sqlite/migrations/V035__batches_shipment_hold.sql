-- The hold of its shipment, repeated here: a product needs nothing else to decide.
ALTER TABLE batches ADD COLUMN shipment_hold TEXT;
