-- Batches by ETA, for people; what is in the warehouse stands before all days. It has no column that a line changes.
CREATE INDEX IF NOT EXISTS batches_by_eta ON batches (partition, coalesce(eta, DATE '-infinity'), reference);
