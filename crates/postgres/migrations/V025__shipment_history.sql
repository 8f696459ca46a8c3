-- Finds the events of a shipment, its batches' events included, from the shipment's partition. home: the event's
-- partition.
CREATE TABLE shipment_history (
    "offset"  bigint   NOT NULL,
    partition smallint NOT NULL,
    home      smallint NOT NULL,
    shipment  text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, shipment, home, "offset")
);
