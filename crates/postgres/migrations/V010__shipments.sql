-- Shipments, in the partition of the hash of their reference. eta NULL: it has landed. hold…: as of a batch.
CREATE TABLE shipments (
    eta        date,
    first_eta  date,
    hold_clear date,
    partition  smallint NOT NULL,
    reference  text COLLATE "C" NOT NULL,
    carrier    text COLLATE "C",
    vessel     text COLLATE "C",
    container  text COLLATE "C",
    hold       text COLLATE "C",
    hold_note  text COLLATE "C",
    PRIMARY KEY (partition, reference)
);
