-- Batches whose goods may leave: in the warehouse, not held, and not used up. It has no column that a line changes,
-- but for open when the last unit goes.
CREATE INDEX batches_to_leave ON batches (product)
    WHERE eta IS NULL AND hold IS NULL AND shipment_hold IS NULL AND open > 0;
