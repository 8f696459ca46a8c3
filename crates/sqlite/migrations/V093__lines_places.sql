-- The locations that may serve a line, as they stand in its list; '-' for none: any. Not stored.
ALTER TABLE lines ADD COLUMN places TEXT AS (coalesce(locations, '-')) VIRTUAL;
