-- For people: the lines that wait, by product and in the order in which they are filled.
CREATE VIEW backorder AS
SELECT p.sku, l.order_id, l.line_id, l.quantity - l.dispatched AS quantity, l.priority,
       date(l.requested * 86400, 'unixepoch') AS requested_date
  FROM lines l JOIN products p ON p.number = l.product
 WHERE l.status = 1
 ORDER BY p.sku, l.rank, l.wanted, l.age;
