-- The worklist of the desk: lines that need a person. kind: 0 waiting, 1 late. original, current: promises. worst: days
-- late with a minus before them, so that the worst is the smallest; -2147483648 where no day is promised. rank: 9 -
-- priority. batch: late: the last that it is pegged to; waiting: whose stock it lost. pegs: NULL where that batch
-- holds all units of a late line; else a JSON array of [batch, units].
CREATE TABLE worklist (
    order_id  TEXT    NOT NULL,
    line_id   TEXT    NOT NULL,
    kind      INTEGER NOT NULL,
    sku       TEXT    NOT NULL,
    units     INTEGER NOT NULL,
    rank      INTEGER NOT NULL,
    requested INTEGER,
    original  INTEGER,
    current   INTEGER,
    worst     INTEGER NOT NULL,
    cause     TEXT    NOT NULL,
    batch     TEXT,
    shipment  TEXT,
    since     INTEGER NOT NULL,
    pegs      TEXT,
    PRIMARY KEY (order_id, line_id)
) STRICT, WITHOUT ROWID;
