-- Events that a sink refused for good, kept until somebody replays them. time: when the sink gave up.
CREATE TABLE dead_letters (
    "offset"  bigint      NOT NULL,
    time      timestamptz NOT NULL,
    attempts  integer     NOT NULL,
    partition smallint    NOT NULL,
    sink      text COLLATE "C" NOT NULL,
    reason    text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, sink, "offset")
);
