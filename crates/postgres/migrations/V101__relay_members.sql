-- Who would relay to a sink, in the partition of the hash of the sink's name, and until when that is believed.
CREATE TABLE relay_members (
    expires   timestamptz NOT NULL,
    partition smallint    NOT NULL,
    sink      text COLLATE "C" NOT NULL,
    holder    text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, sink, holder)
) WITH (fillfactor = 50);
