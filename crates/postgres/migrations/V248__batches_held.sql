-- Batches that are held, or whose shipment is: few of all.
CREATE INDEX IF NOT EXISTS batches_held ON batches (partition, reference)
    WHERE hold IS NOT NULL OR shipment_hold IS NOT NULL;
