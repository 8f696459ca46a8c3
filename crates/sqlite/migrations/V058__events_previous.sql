-- The offset of the event before this one of the same product: a chain backwards, to which an event adds nothing but
-- this number. Every so often an event of the chain is entered in the table history, where a reader can begin. NULL:
-- the event before, if there is one, is in that table.
ALTER TABLE events ADD COLUMN previous INTEGER;
