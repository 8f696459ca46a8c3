INSERT INTO history (kind, thing, offset)
SELECT 1, b.number, e.offset FROM events e CROSS JOIN batches b ON b.reference = e.data ->> 'reference'
 WHERE e.type IN ('BatchCreated', 'BatchQuantityChanged', 'BatchEtaChanged')
 ORDER BY b.number, e.offset;
