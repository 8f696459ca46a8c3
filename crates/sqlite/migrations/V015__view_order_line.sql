-- For people: order lines with names and dates.
CREATE VIEW order_line AS
SELECT l.order_id, l.line_id, p.sku, l.quantity,
       CASE l.status WHEN 0 THEN 'allocated' WHEN 1 THEN 'backordered'
                     WHEN 2 THEN 'dispatched' WHEN 3 THEN 'cancelled' END AS status,
       l.dispatched, l.priority,
       CASE l.policy WHEN 0 THEN 'earliest' WHEN 1 THEN 'just_in_time' END AS policy,
       date(l.requested * 86400, 'unixepoch') AS requested_date,
       date(l.original * 86400, 'unixepoch') AS original_promise,
       date(l.current * 86400, 'unixepoch') AS current_promise
  FROM lines l JOIN products p ON p.number = l.product;
