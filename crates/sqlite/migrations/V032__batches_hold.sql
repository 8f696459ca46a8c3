-- The batch's own hold: its code, what else people should know, and the expected clear date.
ALTER TABLE batches ADD COLUMN hold TEXT;
