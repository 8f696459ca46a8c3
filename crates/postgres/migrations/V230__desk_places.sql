-- Where the desk, a read model that follows the log, stands in each partition: up to the offset through everything is
-- taken in. The counts are those of the partition's rows of the worklist. zone: that of its days.
CREATE TABLE desk_places (
    through       bigint   NOT NULL,
    waiting_lines bigint   NOT NULL,
    waiting_units bigint   NOT NULL,
    late_lines    bigint   NOT NULL,
    late_units    bigint   NOT NULL,
    partition     smallint NOT NULL,
    zone          text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition)
) WITH (fillfactor = 50);
