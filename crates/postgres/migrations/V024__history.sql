-- Finds the events of a batch (kind 1) or a line (kind 3), which lie in the partition of their product. thing: its
-- number there. A line's first event is not here where lines.accepted has it.
CREATE TABLE history (
    thing     bigint   NOT NULL,
    "offset"  bigint   NOT NULL,
    partition smallint NOT NULL,
    kind      smallint NOT NULL,
    PRIMARY KEY (partition, kind, thing, "offset")
);
