-- open: 1 while a batch has free units, from now on 2 while it has none and lines hold some, else 0. So those that a
-- re-pegging needs are found without a look at those that are used up.
UPDATE batches SET open = 2
 WHERE open = 0 AND number IN (SELECT number FROM batch_counts WHERE allocated > 0);
