-- Events out: how far each sink is (up to cursor everything is out), and who relays it. holder NULL: nobody. expires:
-- until when the holder has it. fence goes up each time that it changes hands.
CREATE TABLE relays (
    cursor    bigint   NOT NULL,
    fence     bigint   NOT NULL,
    expires   timestamptz,
    partition smallint NOT NULL,
    sink      text COLLATE "C" NOT NULL,
    holder    text COLLATE "C",
    PRIMARY KEY (partition, sink)
) WITH (fillfactor = 50);
