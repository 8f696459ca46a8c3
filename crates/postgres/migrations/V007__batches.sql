-- Batches, in the partition of their product. eta NULL: in the warehouse. first_quantity, first_eta: as it was made.
-- open: 1 with free units, 2 without but lines hold some, 0 used up: a column of its own, so that a change of
-- the units, which happens all the time, touches no index.
-- hold, hold_note, hold_clear: its own hold, the code NULL where there is none; hold_clear NULL beside a hold: nobody
-- knows when it ends. A note has \0 for a NUL and \\ for a backslash. shipment_hold…: the hold of its shipment,
-- repeated here, for a product needs nothing else to decide. shipment_partition: of the shipment's reference.
-- received: somebody counted what arrived. landed: the day on which it came to be in the warehouse; landed_sold: the
-- units that had a buyer by then; landed_of: the units that landed.
CREATE TABLE batches (
    number              bigint   NOT NULL,
    product             bigint   NOT NULL,
    purchased           bigint   NOT NULL,
    allocated           bigint   NOT NULL,
    dispatched          bigint   NOT NULL,
    first_quantity      bigint   NOT NULL,
    landed_sold         bigint,
    landed_of           bigint,
    eta                 date,
    first_eta           date,
    hold_clear          date,
    shipment_hold_clear date,
    landed              date,
    partition           smallint NOT NULL,
    open                smallint NOT NULL,
    shipment_partition  smallint,
    received            boolean  NOT NULL,
    reference           text COLLATE "C" NOT NULL,
    location            text COLLATE "C",
    shipment            text COLLATE "C",
    hold                text COLLATE "C",
    hold_note           text COLLATE "C",
    shipment_hold       text COLLATE "C",
    shipment_hold_note  text COLLATE "C",
    PRIMARY KEY (partition, number)
) WITH (fillfactor = 70);
