-- Batches by ETA, for people: -4371588, before all dates, stands for the warehouse. The units are in another table, so
-- an allocation does not touch it.
CREATE INDEX batches_by_eta ON batches (coalesce(eta, -4371588), reference);
