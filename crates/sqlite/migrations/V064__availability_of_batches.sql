INSERT INTO availability (place, units)
SELECT (b.product << 23) + coalesce(b.eta + 4371588, 0) AS place, sum(c.purchased - c.allocated - c.dispatched)
  FROM batches b JOIN batch_counts c ON c.number = b.number
 WHERE b.open = 1 GROUP BY place ORDER BY place;
