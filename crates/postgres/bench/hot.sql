\set order random(1, 9000000000000000)
SELECT allocate('O-' || :order, 'SKU-1', 1);
