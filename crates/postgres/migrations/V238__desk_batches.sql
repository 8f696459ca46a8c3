-- What the desk knows of batches: their shipment, and how they landed, where they had been under way. A batch of which
-- there is neither to say has no row.
CREATE TABLE desk_batches (
    landed_sold bigint,
    landed_of   bigint,
    landed      date,
    partition   smallint NOT NULL,
    batch       text COLLATE "C" NOT NULL,
    shipment    text COLLATE "C",
    PRIMARY KEY (partition, batch)
);
