-- The units of each batch. Apart from the batches because they change all the time: a commit then writes a page
-- for some hundred batches instead of one for each few.
CREATE TABLE batch_counts (
    number     INTEGER PRIMARY KEY,
    purchased  INTEGER NOT NULL,
    allocated  INTEGER NOT NULL,
    dispatched INTEGER NOT NULL
) STRICT;
