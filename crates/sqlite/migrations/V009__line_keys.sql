-- Finds a line by order and line id, and the lines of an order. Apart from the lines because it is narrow:
-- order ids that come in any order spread writes all over this table, and over this table only.
CREATE TABLE line_keys (
    order_id TEXT    NOT NULL,
    line_id  TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    PRIMARY KEY (order_id, line_id)
) STRICT, WITHOUT ROWID;
