INSERT INTO history (kind, thing, offset)
SELECT 0, product, offset FROM events WHERE product IS NOT NULL ORDER BY product, offset;
