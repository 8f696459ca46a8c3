-- The day on which it came to be in the warehouse, the units that had a buyer by then, and the units that landed.
ALTER TABLE batches ADD COLUMN landed INTEGER;
