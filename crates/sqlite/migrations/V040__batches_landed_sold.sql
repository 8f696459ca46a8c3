ALTER TABLE batches ADD COLUMN landed_sold INTEGER;
