-- At most one row, in partition 0: whose turn it is to write for all replicas, where they reach it, what they have to show
-- there, and until when that holds.
CREATE TABLE writing_replica (
    expires   timestamptz NOT NULL,
    partition smallint    NOT NULL,
    holder    text COLLATE "C" NOT NULL,
    url       text COLLATE "C" NOT NULL,
    token     text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition)
) WITH (fillfactor = 50);
