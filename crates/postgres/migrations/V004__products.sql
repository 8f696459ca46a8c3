-- Products, in the partition of the hash of their SKU. number: of the partition's own counter.
-- In this table and the following ones wide columns come first, so that none is padded.
CREATE TABLE products (
    number      bigint   NOT NULL,
    version     bigint   NOT NULL,
    backordered bigint   NOT NULL,
    late        bigint   NOT NULL,
    partition   smallint NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, number)
) WITH (fillfactor = 70);
