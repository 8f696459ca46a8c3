\set n random(1, 1000)
\set order random(1, 9000000000000000)
SELECT allocate('O-' || :order, 'SKU-' || :n, 1);
