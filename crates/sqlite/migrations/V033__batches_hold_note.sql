ALTER TABLE batches ADD COLUMN hold_note TEXT;
