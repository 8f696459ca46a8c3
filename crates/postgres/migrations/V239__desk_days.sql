-- The desk's figures of each day, in its zone: what the events of the partition add up to.
CREATE TABLE desk_days (
    accepted          bigint   NOT NULL,
    filled_at_once    bigint   NOT NULL,
    allocated         bigint   NOT NULL,
    backordered       bigint   NOT NULL,
    cancelled         bigint   NOT NULL,
    dispatched_units  bigint   NOT NULL,
    dispatched_lines  bigint   NOT NULL,
    promises_broken   bigint   NOT NULL,
    promises_improved bigint   NOT NULL,
    landed_units      bigint   NOT NULL,
    landed_sold       bigint   NOT NULL,
    dwell_units       bigint   NOT NULL,
    dwell_unit_days   bigint   NOT NULL,
    dwell_unknown     bigint   NOT NULL,
    day               date     NOT NULL,
    partition         smallint NOT NULL,
    PRIMARY KEY (partition, day)
);
