-- Finds the events of one thing. kind: 0 product, 1 batch, 2 shipment (its batches' events included), 3 line.
-- thing: its number. A line's first event is not here where lines.accepted has it. Of a product's events only some
-- are here: see events.previous.
CREATE TABLE history (
    kind   INTEGER NOT NULL,
    thing  INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (kind, thing, offset)
) STRICT, WITHOUT ROWID;
