-- Remembered answers to commands that came with an idempotency key, in the partition of the hash of the key.
CREATE TABLE answers (
    time      timestamptz NOT NULL,
    partition smallint    NOT NULL,
    id        text COLLATE "C" NOT NULL,
    command   text COLLATE "C" NOT NULL,
    answer    text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, id)
);
