-- How many events of that chain came since the last one that was entered in the table history.
ALTER TABLE product_versions ADD COLUMN chained INTEGER NOT NULL DEFAULT 0;
