-- The offset of the event that accepted the line; NULL: the line's first event is in the table history, as its later
-- ones are.
ALTER TABLE lines ADD COLUMN accepted INTEGER;
