-- Where each partition stands: the row that a unit of work locks and a commit advances. Half of each page is left
-- free, so that an advanced row stays on it and no index is touched.
CREATE TABLE heads (
    version     bigint   NOT NULL,
    next_offset bigint   NOT NULL,
    next_number bigint   NOT NULL,
    partition   smallint NOT NULL,
    PRIMARY KEY (partition)
) WITH (fillfactor = 50);
