-- The order view, a read model: what an order's page shows of each line, by the line's number. The columns are as
-- those of the table lines. It is written with the line, and can be made again from the log.
CREATE TABLE order_view (
    number     INTEGER PRIMARY KEY,
    product    INTEGER NOT NULL,
    quantity   INTEGER NOT NULL,
    dispatched INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    requested  INTEGER,
    priority   INTEGER NOT NULL,
    policy     INTEGER NOT NULL,
    deliver    INTEGER NOT NULL,
    original   INTEGER,
    current    INTEGER,
    batch      INTEGER,
    parts      TEXT
) STRICT;
