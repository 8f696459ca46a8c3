ALTER TABLE batches DROP COLUMN dispatched;
