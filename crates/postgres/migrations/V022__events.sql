-- The log. sku: NULL for an order's and a shipment's own events. actor: the name of the key that did it; NULL: nobody
-- needed one. command_id: NULL stands for '~' and the event's own id, as of a command without a key. data: JSON, as
-- text, so that it comes back byte for byte.
CREATE TABLE events (
    "offset"   bigint      NOT NULL,
    time       timestamptz NOT NULL,
    partition  smallint    NOT NULL,
    type       text COLLATE "C" NOT NULL,
    sku        text COLLATE "C",
    actor      text COLLATE "C",
    command_id text COLLATE "C",
    data       text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, "offset")
);
