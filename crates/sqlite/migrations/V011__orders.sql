-- Orders that were placed whole. deliver: 0 as ready, 1 together. lines: a JSON array of the line ids named.
CREATE TABLE orders (
    order_id TEXT    PRIMARY KEY,
    deliver  INTEGER NOT NULL,
    lines    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
