-- Shipments. eta, first_eta, hold_clear: days since 1970-01-01; eta NULL: it has landed. hold: its code, NULL for
-- none; hold_clear NULL beside a hold: nobody knows when it ends.
CREATE TABLE shipments (
    number     INTEGER PRIMARY KEY,
    reference  TEXT    NOT NULL UNIQUE,
    eta        INTEGER,
    carrier    TEXT,
    vessel     TEXT,
    container  TEXT,
    hold       TEXT,
    hold_note  TEXT,
    hold_clear INTEGER,
    first_eta  INTEGER
) STRICT;
