-- eta, first_eta: days since 1970-01-01; NULL: in the warehouse.
-- open: 1 while purchased > allocated + dispatched. It is a column of its own so that a change of the
-- counters, which happens all the time, touches no index; only a change of this flag does.
CREATE TABLE batches (
    number         INTEGER PRIMARY KEY,
    reference      TEXT    NOT NULL UNIQUE,
    product        INTEGER NOT NULL,
    location       TEXT,
    eta            INTEGER,
    purchased      INTEGER NOT NULL,
    allocated      INTEGER NOT NULL,
    dispatched     INTEGER NOT NULL,
    open           INTEGER NOT NULL,
    first_quantity INTEGER NOT NULL,
    first_eta      INTEGER
) STRICT;
