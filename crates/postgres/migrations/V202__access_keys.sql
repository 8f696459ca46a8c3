-- API keys, also revoked ones, in partition 0: they are few, and one statement reads them all. A name is used once.
-- id: the part of a key by which it is found. digest: the SHA-256 of the whole key.
CREATE TABLE access_keys (
    created   timestamptz NOT NULL,
    revoked   timestamptz,
    partition smallint    NOT NULL,
    name      text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    role      text COLLATE "C" NOT NULL,
    digest    bytea       NOT NULL,
    PRIMARY KEY (partition, name)
);
