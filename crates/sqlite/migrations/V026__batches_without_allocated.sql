ALTER TABLE batches DROP COLUMN allocated;
