-- Where the (one) partition stands: the row that every commit advances.
-- settled: the allocations of every line numbered below are in the table allocations; of younger lines
-- some are, and the rest is still to be entered (see the table allocations).
CREATE TABLE heads (
    partition   INTEGER PRIMARY KEY,
    version     INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    next_number INTEGER NOT NULL,
    settled     INTEGER NOT NULL
) STRICT;
