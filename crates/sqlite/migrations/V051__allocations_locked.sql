-- A line of which a part has left loses last: its rank is 10 less.
UPDATE allocations SET rank = rank - 10
 WHERE number IN (SELECT number FROM lines WHERE status = 0 AND dispatched > 0);
