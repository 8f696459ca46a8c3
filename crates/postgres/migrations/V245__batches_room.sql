-- As that of products.
ALTER TABLE batches ADD COLUMN IF NOT EXISTS room text COLLATE "C";
