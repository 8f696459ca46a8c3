-- Who would relay to a sink, and until when that is believed, in milliseconds since 1970.
CREATE TABLE relay_members (
    sink    TEXT NOT NULL,
    holder  TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (sink, holder)
) STRICT, WITHOUT ROWID;
