UPDATE orders SET placed = e.offset
  FROM events e WHERE e.type = 'OrderPlaced' AND orders.order_id = e.data ->> 'order_id';
