INSERT INTO order_view (number, product, quantity, dispatched, status, requested, priority, policy, deliver,
       original, current, batch, parts)
SELECT number, product, quantity, dispatched, status, requested, priority, policy, deliver,
       original, current, batch, parts
  FROM lines ORDER BY number;
