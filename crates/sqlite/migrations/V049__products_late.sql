-- How many of its lines are late.
ALTER TABLE products ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
