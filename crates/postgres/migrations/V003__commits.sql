-- The latest commits of each partition: a writer that lost the answer to COMMIT finds out here whether it happened.
-- slot: the version modulo 1024, so that the table does not grow. id: of the commit, made by its writer.
CREATE TABLE commits (
    version   bigint   NOT NULL,
    id        uuid     NOT NULL,
    partition smallint NOT NULL,
    slot      smallint NOT NULL,
    PRIMARY KEY (partition, slot)
) WITH (fillfactor = 50);
