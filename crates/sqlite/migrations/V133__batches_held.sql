-- Batches that are held, or whose shipment is: few of all.
CREATE INDEX batches_held ON batches (reference) WHERE hold IS NOT NULL OR shipment_hold IS NOT NULL;
