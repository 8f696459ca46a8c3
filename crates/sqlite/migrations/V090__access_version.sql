-- One row: how often the keys have changed. A service reads it before each request.
CREATE TABLE access_version (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
) STRICT;
