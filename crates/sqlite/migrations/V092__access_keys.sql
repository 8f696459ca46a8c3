-- API keys, also revoked ones: a name is used once. id: the part of a key by which it is found. digest: the
-- SHA-256 of the whole key. created, revoked: microseconds since 1970-01-01.
CREATE TABLE access_keys (
    name    TEXT    NOT NULL PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    role    TEXT    NOT NULL,
    digest  BLOB    NOT NULL,
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT;
