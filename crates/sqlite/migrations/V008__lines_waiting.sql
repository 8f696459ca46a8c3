-- The queue of each product: by priority, then the requested date (none: last), then age. Lines that do not
-- wait pay nothing for it. Units and split are there so that a line that is too large is skipped without a look.
CREATE INDEX lines_waiting ON lines (product, rank, wanted, age, outstanding, split) WHERE status = 1;
