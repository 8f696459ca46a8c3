-- Order lines by number, which is their age: new ones go to the end of the table.
-- status: 0 allocated, 1 backordered, 2 dispatched, 3 cancelled. policy: 0 earliest, 1 just in time.
-- if_short: 0 backorder, 1 reject. cancelled: what had not left was cancelled (status 2 where some had).
-- requested, original, current (promises): days since 1970-01-01.
-- batch: the one batch that holds all that is outstanding. Where it is otherwise (a split line), batch is
-- NULL and parts is a JSON array of [batch number, units].
-- first_quantity: units wanted when the line was accepted. locations: a JSON array, NULL for none.
-- rank, wanted, age, outstanding: not stored; they put the waiting lines in the order of their queue.
CREATE TABLE lines (
    number         INTEGER PRIMARY KEY,
    order_id       TEXT    NOT NULL,
    line_id        TEXT    NOT NULL,
    product        INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    dispatched     INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    cancelled      INTEGER NOT NULL,
    priority       INTEGER NOT NULL,
    policy         INTEGER NOT NULL,
    split          INTEGER NOT NULL,
    if_short       INTEGER NOT NULL,
    requested      INTEGER,
    original       INTEGER,
    current        INTEGER,
    batch          INTEGER,
    parts          TEXT,
    first_quantity INTEGER NOT NULL,
    locations      TEXT,
    rank           INTEGER AS (9 - priority) VIRTUAL,
    wanted         INTEGER AS (coalesce(requested, 2932896)) VIRTUAL,
    age            INTEGER AS (number) VIRTUAL,
    outstanding    INTEGER AS (quantity - dispatched) VIRTUAL
) STRICT;
