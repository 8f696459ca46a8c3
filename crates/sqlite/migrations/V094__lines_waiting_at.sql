-- The queue of each product, apart for each list of locations: whoever has goods at one place finds the lines that these
-- could serve without a look at the others. There are few lists: shops have few places, and prefer them in few orders.
CREATE INDEX lines_waiting_at ON lines (product, places, rank, wanted, age, outstanding, split) WHERE status = 1;
