INSERT INTO batch_counts (number, purchased, allocated, dispatched)
SELECT number, purchased, allocated, dispatched FROM batches ORDER BY number;
