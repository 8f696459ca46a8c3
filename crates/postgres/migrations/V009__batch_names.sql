-- The directory of batches, in the partition of the hash of their reference. home: the product's partition, number:
-- the batch's number there.
CREATE TABLE batch_names (
    number    bigint   NOT NULL,
    partition smallint NOT NULL,
    home      smallint NOT NULL,
    reference text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, reference)
);
