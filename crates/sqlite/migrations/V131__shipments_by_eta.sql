-- Shipments by ETA, for people: 2932897, after all dates, stands for one that has landed.
CREATE INDEX shipments_by_eta ON shipments (coalesce(eta, 2932897), reference);
