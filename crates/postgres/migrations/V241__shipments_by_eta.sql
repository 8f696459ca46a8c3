-- Shipments by ETA, for people; what has landed stands after all days.
CREATE INDEX IF NOT EXISTS shipments_by_eta ON shipments (partition, coalesce(eta, DATE 'infinity'), reference);
