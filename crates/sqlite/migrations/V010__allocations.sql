-- The lines pegged to each batch. Read backwards it is the order in which a shortage takes stock away:
-- the lowest priority (rank is 9 - priority), the latest promise (days since 1970-01-01), the newest line.
-- It repeats what the lines say, and it lags: entries of lines numbered heads.settled or above are made
-- later, many of one batch at a time, because one at a time each would write a page of its own.
-- Entries of lines that are no longer so pegged are removed at once: what is here is true.
CREATE TABLE allocations (
    batch    INTEGER NOT NULL,
    rank     INTEGER NOT NULL,
    promise  INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (batch, rank, promise, number)
) STRICT, WITHOUT ROWID;
