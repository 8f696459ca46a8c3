-- Remembered answers to commands that came with an idempotency key, the oldest first. time: microseconds
-- since 1970-01-01.
CREATE TABLE answers (
    seq     INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    command TEXT    NOT NULL,
    answer  TEXT    NOT NULL,
    time    INTEGER NOT NULL
) STRICT;
