-- For people: order lines with names and dates.
CREATE VIEW order_line AS
SELECT v.order_id, v.line_id, v.sku, v.quantity,
       CASE v.status WHEN 0 THEN 'allocated' WHEN 1 THEN 'backordered'
                     WHEN 2 THEN 'dispatched' WHEN 3 THEN 'cancelled' END AS status,
       v.dispatched, v.priority,
       CASE v.policy WHEN 0 THEN 'earliest' WHEN 1 THEN 'just_in_time' END AS policy,
       CASE v.deliver WHEN 0 THEN 'as_ready' WHEN 1 THEN 'together' END AS deliver,
       v.requested AS requested_date, v.original AS original_promise, v.current AS current_promise,
       v.status = 0 AND v.current IS NOT NULL AND v.current > v.original AS late
  FROM order_view v;
