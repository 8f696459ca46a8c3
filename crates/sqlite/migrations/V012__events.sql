-- The log. product: a product's number; NULL for an order's own events. time: microseconds since
-- 1970-01-01. command_id: NULL stands for '~' and the event's own id, as of a command without a key.
CREATE TABLE events (
    offset     INTEGER PRIMARY KEY,
    type       TEXT    NOT NULL,
    product    INTEGER,
    time       INTEGER NOT NULL,
    command_id TEXT,
    data       TEXT    NOT NULL
) STRICT;
