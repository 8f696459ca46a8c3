CREATE TABLE products (
    number      INTEGER PRIMARY KEY,
    sku         TEXT    NOT NULL UNIQUE,
    version     INTEGER NOT NULL,
    backordered INTEGER NOT NULL
) STRICT;
