-- The same of split lines: an entry for each batch that holds a part. shortage: 9 - priority, and 10 less where a part
-- has left. promise: 9999-12-31 where there is none.
CREATE TABLE line_parts (
    batch     bigint   NOT NULL,
    number    bigint   NOT NULL,
    units     bigint   NOT NULL,
    promise   date     NOT NULL,
    partition smallint NOT NULL,
    shortage  smallint NOT NULL,
    PRIMARY KEY (partition, batch, shortage, promise, number)
);
