INSERT INTO history (kind, thing, offset)
SELECT 3, k.number, e.offset FROM events e
 CROSS JOIN line_keys k ON k.order_id = e.data ->> 'order_id' AND k.line_id = e.data ->> 'line_id'
 ORDER BY k.number, e.offset;
