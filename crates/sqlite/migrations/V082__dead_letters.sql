-- Events that a sink refused for good, kept until somebody replays them. time: when the sink gave up, in
-- microseconds since 1970.
CREATE TABLE dead_letters (
    sink      TEXT NOT NULL,
    partition INTEGER NOT NULL,
    offset    INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    attempts  INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    PRIMARY KEY (sink, partition, offset)
) STRICT, WITHOUT ROWID;
