-- One row, in partition 0: how often the keys have changed. A replica reads it before each request.
CREATE TABLE access_version (
    version   bigint   NOT NULL,
    partition smallint NOT NULL,
    PRIMARY KEY (partition)
);
