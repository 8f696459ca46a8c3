ALTER TABLE batches DROP COLUMN purchased;
