-- Orders that were placed whole, in the partition of the hash of their id. lines: a JSON array of line ids. placed:
-- the offset, in this partition, of the event that says so.
CREATE TABLE orders (
    placed    bigint,
    partition smallint NOT NULL,
    deliver   smallint NOT NULL,
    order_id  text COLLATE "C" NOT NULL,
    lines     text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, order_id)
);
