-- Order lines, in the partition of their product, by number, which is their age.
-- status: 0 allocated, 1 backordered, 2 dispatched, 3 cancelled. policy: 0 earliest, 1 just in time.
-- if_short: 0 backorder, 1 reject. deliver: 0 as ready, 1 together with the other lines of its order.
-- cancelled: what had not left was cancelled (status 2 where some had). original, current: promises.
-- batch: the one batch that holds all that is outstanding. Where it is otherwise (a split line), batch is
-- NULL and parts is a JSON array of [batch number, units]. first_quantity: units wanted when the line was accepted.
-- locations: a JSON array, NULL for none. accepted: the offset of the event that accepted the line; NULL: its first
-- event is in the table history, as its later ones are.
CREATE TABLE lines (
    number         bigint   NOT NULL,
    product        bigint   NOT NULL,
    quantity       bigint   NOT NULL,
    dispatched     bigint   NOT NULL,
    first_quantity bigint   NOT NULL,
    batch          bigint,
    accepted       bigint,
    requested      date,
    original       date,
    current        date,
    partition      smallint NOT NULL,
    status         smallint NOT NULL,
    priority       smallint NOT NULL,
    policy         smallint NOT NULL,
    if_short       smallint NOT NULL,
    deliver        smallint NOT NULL,
    cancelled      boolean  NOT NULL,
    split          boolean  NOT NULL,
    order_id       text COLLATE "C" NOT NULL,
    line_id        text COLLATE "C" NOT NULL,
    parts          text COLLATE "C",
    locations      text COLLATE "C",
    PRIMARY KEY (partition, number)
);
