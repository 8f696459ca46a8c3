-- What the desk knows of batches: their shipment, and how they landed, where they had been under way. A batch of which
-- there is neither to say has no row.
CREATE TABLE desk_batches (
    batch       TEXT PRIMARY KEY,
    shipment    TEXT,
    landed      INTEGER,
    landed_sold INTEGER,
    landed_of   INTEGER
) STRICT, WITHOUT ROWID;
