-- 1: somebody counted what arrived.
ALTER TABLE batches ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
