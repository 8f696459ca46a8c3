-- For people: which line has how much of which batch. Made from the lines, so that it never lags.
CREATE VIEW allocation AS
SELECT l.order_id, l.line_id, p.sku, b.reference AS batch, l.quantity - l.dispatched AS quantity,
       date(l.current * 86400, 'unixepoch') AS promise
  FROM lines l JOIN products p ON p.number = l.product JOIN batches b ON b.number = l.batch
UNION ALL
SELECT l.order_id, l.line_id, p.sku, b.reference, part.value ->> 1,
       date(l.current * 86400, 'unixepoch')
  FROM lines l JOIN json_each(l.parts) part JOIN products p ON p.number = l.product
  JOIN batches b ON b.number = part.value ->> 0;
