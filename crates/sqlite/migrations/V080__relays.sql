-- Events out: how far each sink is (up to cursor everything is out), and who relays it. holder NULL: nobody. expires:
-- until when the holder has it, in milliseconds since 1970. fence goes up each time that it changes hands.
CREATE TABLE relays (
    sink      TEXT NOT NULL,
    partition INTEGER NOT NULL,
    cursor    INTEGER NOT NULL,
    fence     INTEGER NOT NULL,
    holder    TEXT,
    expires   INTEGER,
    PRIMARY KEY (sink, partition)
) STRICT, WITHOUT ROWID;
