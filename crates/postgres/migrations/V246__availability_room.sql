-- As that of products.
ALTER TABLE availability ADD COLUMN IF NOT EXISTS room text COLLATE "C";
