-- The batches of each shipment, in the shipment's partition, by reference. home, number: as in batch_names.
CREATE TABLE cargo (
    number    bigint   NOT NULL,
    partition smallint NOT NULL,
    home      smallint NOT NULL,
    shipment  text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, shipment, reference)
);
