-- For people: order lines with names and dates.
CREATE VIEW order_line AS
SELECT l.order_id, l.line_id, p.sku, l.quantity,
       CASE l.status WHEN 0 THEN 'allocated' WHEN 1 THEN 'backordered'
                     WHEN 2 THEN 'dispatched' WHEN 3 THEN 'cancelled' END AS status,
       l.dispatched, l.priority,
       CASE l.policy WHEN 0 THEN 'earliest' WHEN 1 THEN 'just_in_time' END AS policy,
       CASE l.deliver WHEN 0 THEN 'as_ready' WHEN 1 THEN 'together' END AS deliver,
       date(l.requested * 86400, 'unixepoch') AS requested_date,
       date(l.original * 86400, 'unixepoch') AS original_promise,
       date(l.current * 86400, 'unixepoch') AS current_promise,
       l.status = 0 AND l.current IS NOT NULL AND l.current > l.original AS late
  FROM lines l JOIN products p ON p.number = l.product;
