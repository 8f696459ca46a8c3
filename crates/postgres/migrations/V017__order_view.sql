-- The directory of lines, in the partition of the hash of their order id (home: the product's partition, number: the
-- line's number there), and beside it the order view, a read model: what an order's page shows of the line. The
-- columns of the view are as those of the table lines; it is written with the line, and can be made again from
-- the log.
CREATE TABLE order_view (
    number     bigint   NOT NULL,
    quantity   bigint   NOT NULL,
    dispatched bigint   NOT NULL,
    batch      bigint,
    requested  date,
    original   date,
    current    date,
    partition  smallint NOT NULL,
    home       smallint NOT NULL,
    status     smallint NOT NULL,
    priority   smallint NOT NULL,
    policy     smallint NOT NULL,
    deliver    smallint NOT NULL,
    order_id   text COLLATE "C" NOT NULL,
    line_id    text COLLATE "C" NOT NULL,
    sku        text COLLATE "C" NOT NULL,
    parts      text COLLATE "C",
    PRIMARY KEY (partition, order_id, line_id)
);
