-- Room for the next versions of the row on its own page: spaces while the row is new, and nothing once a line has changed
-- it. The database clears a page of old versions whenever it looks at it and less is free than new rows leave free; rows
-- that become shorter let it wait.
ALTER TABLE products ADD COLUMN IF NOT EXISTS room text COLLATE "C";
