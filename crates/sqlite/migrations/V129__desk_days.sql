-- The desk's figures of each day, in its zone: what the events of the partition add up to.
CREATE TABLE desk_days (
    day               INTEGER PRIMARY KEY,
    accepted          INTEGER NOT NULL,
    filled_at_once    INTEGER NOT NULL,
    allocated         INTEGER NOT NULL,
    backordered       INTEGER NOT NULL,
    cancelled         INTEGER NOT NULL,
    dispatched_units  INTEGER NOT NULL,
    dispatched_lines  INTEGER NOT NULL,
    promises_broken   INTEGER NOT NULL,
    promises_improved INTEGER NOT NULL,
    landed_units      INTEGER NOT NULL,
    landed_sold       INTEGER NOT NULL,
    dwell_units       INTEGER NOT NULL,
    dwell_unit_days   INTEGER NOT NULL,
    dwell_unknown     INTEGER NOT NULL
) STRICT;
