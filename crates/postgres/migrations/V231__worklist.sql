-- The worklist of the desk: lines that need a person, in the partition of their product. kind: 0 waiting, 1 late. original, current: promises. worst: days
-- late with a minus before them, so that the worst is the smallest; -2147483648 where no day is promised. rank: 9 -
-- priority. batch: late: the last that it is pegged to; waiting: whose stock it lost. pegs: NULL where that batch
-- holds all units of a late line; else a JSON array of [batch, units].
CREATE TABLE worklist (
    units     bigint      NOT NULL,
    since     timestamptz NOT NULL,
    worst     integer     NOT NULL,
    requested date,
    original  date,
    current   date,
    partition smallint    NOT NULL,
    kind      smallint    NOT NULL,
    rank      smallint    NOT NULL,
    order_id  text COLLATE "C" NOT NULL,
    line_id   text COLLATE "C" NOT NULL,
    sku       text COLLATE "C" NOT NULL,
    cause     text COLLATE "C" NOT NULL,
    batch     text COLLATE "C",
    shipment  text COLLATE "C",
    pegs      text COLLATE "C",
    PRIMARY KEY (partition, order_id, line_id)
);
