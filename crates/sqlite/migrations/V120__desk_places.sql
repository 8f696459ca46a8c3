-- Where the desk, a read model that follows the log, stands in each partition: up to the offset through everything is
-- taken in. The counts are those of the partition's rows of the worklist. zone: that of its days.
CREATE TABLE desk_places (
    partition     INTEGER PRIMARY KEY,
    through       INTEGER NOT NULL,
    waiting_lines INTEGER NOT NULL,
    waiting_units INTEGER NOT NULL,
    late_lines    INTEGER NOT NULL,
    late_units    INTEGER NOT NULL,
    zone          TEXT    NOT NULL
) STRICT;
